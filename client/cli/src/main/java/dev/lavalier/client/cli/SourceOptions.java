package dev.lavalier.client.cli;

import dev.lavalier.client.Codec;
import dev.lavalier.client.OnDeviceLoss;
import dev.lavalier.client.StreamOptions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say what a command subscribes to, and for how long. */
final class SourceOptions {

  private static final Duration MAX_MAX_LATENCY = Duration.ofMinutes(1);
  private static final double NANOS_PER_SECOND = 1e9;

  @Option(
      names = "--device",
      paramLabel = "ID",
      defaultValue = "",
      description = "Device to subscribe to (default: the server's default device).")
  private String device;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      converter = DurationConverter.Seconds.class,
      description =
          "Length of audio after which to stop, in seconds or with a unit, e.g. 5, 250ms or 2m"
              + " (default: until Ctrl-C).")
  private @Nullable Duration seconds;

  @Option(
      names = "--wait",
      description = "If the device is lost, wait for it and resume when it is available again.")
  private boolean waitForDevice;

  @Option(
      names = "--format",
      paramLabel = "RATE/CHANNELS/ENCODING",
      description =
          "Format of the audio, e.g. 16000/1/s16le; a rate or channel count of 0 is as captured"
              + " (default: the capture format). Encodings: s16le, s24le, s32le, f32le.")
  private @Nullable String format;

  @Option(
      names = "--codec",
      paramLabel = "pcm|opus|flac",
      description =
          "How the server sends the audio: pcm, opus (lossy, for slow networks) or flac (lossless)."
              + " This program decodes it (default: pcm, or that of the file).")
  private @Nullable Codec codec;

  @Option(
      names = "--bitrate",
      paramLabel = "BPS",
      defaultValue = "0",
      description =
          "Bit rate of --codec opus: 16000, 24000, 32000, 48000, 64000, 96000, 128000 or 192000"
              + " (default: 64000 for one channel, 96000 for two).")
  private int bitrate;

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
      converter = DurationConverter.Seconds.class,
      description =
          "Seconds to retry after the connection is lost, before the command exits with code 1;"
              + " 0: do not retry (default: ${DEFAULT-VALUE}).")
  private Duration reconnect;

  @Option(
      names = "--max-latency-ms",
      paramLabel = "MS",
      converter = DurationConverter.Millis.class,
      description =
          "Longest time that audio may wait on the server before it is dropped, in ms, from one"
              + " frame to 60000 (default: 60000 for record, 200 for listen and meter).")
  private @Nullable Duration maxLatency;

  /**
   * Returns the options of the subscription.
   *
   * @throws UsageException if the value of an option is invalid
   */
  StreamOptions streamOptions() {
    checkSeconds();
    checkMaxLatency();
    StreamOptions.Builder options =
        StreamOptions.builder()
            .deviceId(device)
            .channelMap(checkedChannels())
            .reconnect(reconnect)
            .codec(codec().orElse(Codec.PCM))
            .bitrate(bitrate)
            .maxLatency(maxLatency().orElse(Duration.ZERO))
            .onDeviceLoss(waitForDevice ? OnDeviceLoss.WAIT : OnDeviceLoss.FAIL);
    try {
      return (format == null ? options : options.format(format)).build();
    } catch (IllegalArgumentException e) {
      throw new UsageException(FlagNames.in(e.getMessage()));
    }
  }

  private void checkSeconds() {
    if (seconds != null && seconds.isZero()) {
      throw new UsageException("--seconds: 0 (expected: more than 0)");
    }
  }

  private void checkMaxLatency() {
    if (maxLatency != null
        && (maxLatency.toMillis() < 1 || maxLatency.compareTo(MAX_MAX_LATENCY) > 0)) {
      throw new UsageException(
          "--max-latency-ms: %d (expected: one frame to %d ms)"
              .formatted(maxLatency.toMillis(), MAX_MAX_LATENCY.toMillis()));
    }
  }

  private List<Integer> checkedChannels() {
    for (int channel : channels) {
      if (channel < 0) {
        throw new UsageException(
            "--channels: %d (expected: a captured channel from 1, or 0 for the mean of all)"
                .formatted(channel));
      }
    }
    return channels;
  }

  /** Returns {@code --codec}; empty if it is not set. */
  Optional<Codec> codec() {
    return Optional.ofNullable(codec);
  }

  /** Returns {@code --max-latency-ms}; empty if it is not set. */
  Optional<Duration> maxLatency() {
    return Optional.ofNullable(maxLatency);
  }

  /**
   * Returns {@code --seconds} in samples per channel, rounded to the nearest, at least one; {@link
   * Long#MAX_VALUE} if the option is not set.
   */
  long samples(int sampleRateHz) {
    return seconds == null
        ? Long.MAX_VALUE
        : Math.max(1, Math.round(seconds.toNanos() / NANOS_PER_SECOND * sampleRateHz));
  }
}
