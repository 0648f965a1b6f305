package dev.lavalier.client.cli;

import dev.lavalier.client.OnDeviceLoss;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamOptions;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say what a command subscribes to, and for how long. */
final class SourceOptions {

  @Option(
      names = "--device",
      paramLabel = "ID",
      defaultValue = "",
      description = "Device to subscribe to (default: the server's default device).")
  private String device;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Seconds of audio after which to stop, e.g. 5 or 0.25 (default: until Ctrl-C).")
  private @Nullable Double seconds;

  @Option(
      names = "--wait",
      description = "If the device is lost, wait for it and resume when it is available again.")
  private boolean waitForDevice;

  @Option(
      names = "--format",
      paramLabel = "RATE/CHANNELS/ENCODING",
      description =
          "Format of the audio, e.g. 16000/1/s16le (default: the capture format)."
              + " Encodings: s16le, s24le, s32le, f32le.")
  private @Nullable String format;

  @Option(
      names = "--channels",
      paramLabel = "N",
      split = ",",
      description =
          "Captured channels to use, counted from 1, e.g. 2,1; 0 is the mean of all channels"
              + " (default: all).")
  private List<Integer> channels = List.of();

  @Option(
      names = "--reconnect-s",
      paramLabel = "S",
      defaultValue = "300",
      description =
          "Seconds to retry after the connection is lost, before the command exits with code 1;"
              + " 0: do not retry (default: ${DEFAULT-VALUE}).")
  private int reconnectSeconds;

  /**
   * Returns the options of the subscription.
   *
   * @throws CliException if the format is invalid or {@code --reconnect-s} is negative
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
   * Returns {@code --seconds} in samples per channel, rounded to the nearest; {@link
   * Long#MAX_VALUE} if the option is not set.
   *
   * @throws CliException if the time is not positive
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
