package dev.lavalier.client.cli;

import dev.lavalier.client.OnDeviceLoss;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamOptions;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Option;

/** What a command listens to, and for how long. */
final class SourceOptions {

  @Option(
      names = "--device",
      paramLabel = "ID",
      defaultValue = "",
      description = "Device to listen to (default: the server's).")
  private String device;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "How long, as 5 or 0.25 (default: until Ctrl-C).")
  private Double seconds;

  @Option(
      names = "--wait",
      description = "Wait for a device that is lost meanwhile, and go on when it is back.")
  private boolean waitForDevice;

  @Option(
      names = "--format",
      paramLabel = "RATE/CHANNELS/ENCODING",
      description = "Format, as 16000/1/s16le (default: as captured).")
  private String format;

  @Option(
      names = "--channels",
      paramLabel = "N",
      split = ",",
      description = "Captured channels to take, as 2,1; 0 is the mean of all (default: all).")
  private List<Integer> channels = List.of();

  @Option(
      names = "--reconnect-s",
      paramLabel = "S",
      defaultValue = "300",
      description =
          "How long to try to reach a server that is gone, before it ends with code 1; 0: not at all"
              + " (default: ${DEFAULT-VALUE}).")
  private int reconnectSeconds;

  /**
   * Returns what to subscribe to.
   *
   * @throws CliException where the format is none, or a time negative
   */
  StreamOptions streamOptions() {
    if (reconnectSeconds < 0) {
      throw new CliException(
          "reconnect-s: %d (expected: 0 or more)".formatted(reconnectSeconds), null);
    }
    StreamOptions options =
        StreamOptions.defaults()
            .withDeviceId(device)
            .withChannelMap(channels)
            .withReconnect(Duration.ofSeconds(reconnectSeconds))
            .withOnDeviceLoss(waitForDevice ? OnDeviceLoss.WAIT : OnDeviceLoss.FAIL);
    try {
      return format == null ? options : options.withFormat(PcmFormat.parse(format));
    } catch (IllegalArgumentException e) {
      throw new CliException(e.getMessage(), e);
    }
  }

  /**
   * Returns how many samples per channel that is, rounded to the nearest.
   *
   * @throws CliException where the time is not positive
   */
  long samples(int sampleRateHz) {
    if (seconds == null) {
      return Long.MAX_VALUE;
    }
    if (!(seconds > 0) || seconds > 1e9) {
      throw new CliException("seconds: %s (expected: more than 0)".formatted(seconds), null);
    }
    return Math.max(1, Math.round(seconds * sampleRateHz));
  }
}
