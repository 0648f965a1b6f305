package dev.lavalier.client.cli;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.StreamStart;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What a second of a stream contains.
 *
 * @param start the parameters of the stream
 * @param levels the levels of the frames
 * @param lost the missing samples per channel, by cause
 * @param delay of the frame with the median delay
 */
record Listening(StreamStart start, Levels levels, Map<Gap.Cause, Long> lost, Delay delay) {

  /**
   * How late a frame came, by the wall clocks of both machines.
   *
   * @param total from the capture of its first sample to its arrival; wrong by the offset of the
   *     clocks
   * @param onServer the part of it until the server had read the frame
   */
  record Delay(Duration total, Duration onServer) {}

  /**
   * Reads a second of audio, including gaps.
   *
   * @throws LavalierException if the server ends the stream
   * @throws CliException if {@code stream} is closed before that
   */
  static Listening to(FrameStream stream) throws LavalierException {
    StreamStart start = stream.start();
    Levels levels = new Levels(start.format());
    Map<Gap.Cause, Long> lost = new EnumMap<>(Gap.Cause.class);
    List<Delay> delays = new ArrayList<>();
    long remaining = start.format().sampleRateHz();
    Frame frame;
    while (remaining > 0 && (frame = stream.read()) != null) {
      delays.add(
          new Delay(
              Duration.ofNanos(unixNanos() - frame.captureTimeUnixNanos()),
              Duration.ofNanos(frame.readDelayNanos())));
      remaining -= start.frameSize();
      if (frame.gap().isPresent()) {
        for (Gap.Part part : frame.gap().get().parts()) {
          lost.merge(part.cause(), part.sampleCount(), Long::sum);
          remaining -= part.sampleCount();
        }
      }
      levels.add(frame.pcm());
    }
    if (remaining > 0) {
      throw new CliException(
          "less than a second of audio came in time, %d frames".formatted(delays.size()), null);
    }
    delays.sort(Comparator.comparing(Delay::total));
    return new Listening(start, levels, lost, delays.get(delays.size() / 2));
  }

  private static long unixNanos() {
    return ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());
  }
}
