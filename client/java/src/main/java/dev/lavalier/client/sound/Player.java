package dev.lavalier.client.sound;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import java.io.IOException;

/**
 * Plays a stream on the machine's default output device. The queue grows when frames arrive late
 * and shrinks after a period without late frames. Because the clocks of the two devices differ,
 * single samples are dropped or repeated. Gaps are played as silence. For use by one thread.
 */
public final class Player implements AutoCloseable {

  /** The maximum queue that can be requested, in milliseconds. */
  public static final int MAX_BUFFER_MS = 500;

  private final OutputLine line;
  private final Playout playout;

  /**
   * Statistics of the playback.
   *
   * @param underruns how often the output had no samples to play
   * @param skippedFrames the number of frames dropped because too many arrived at a time
   * @param correctedSamples the number of samples per channel dropped or repeated because the
   *     clocks differ
   * @param bufferMs the current target of the queue, in milliseconds
   */
  public record PlaybackStats(
      int underruns, long skippedFrames, long correctedSamples, int bufferMs) {}

  private Player(OutputLine line, PcmFormat format, int bufferMs) {
    this.line = line;
    this.playout = new Playout(line, format, bufferMs);
  }

  /**
   * Opens the output device.
   *
   * @param format the format of the stream; its encoding must be {@code s16le}
   * @param bufferMs the initial target of the queue in milliseconds, 1 to {@value #MAX_BUFFER_MS}
   * @throws IOException if no output device plays the format; the message is one line
   * @throws IllegalArgumentException if an argument is out of range
   */
  public static Player open(PcmFormat format, int bufferMs) throws IOException {
    if (format.encoding() != SampleEncoding.S16LE) {
      throw new IllegalArgumentException(
          "format: %s (expected: encoding s16le, which output devices play)".formatted(format));
    }
    if (bufferMs < 1 || bufferMs > MAX_BUFFER_MS) {
      throw new IllegalArgumentException(
          "buffer-ms: %s (expected: 1..%s)".formatted(bufferMs, MAX_BUFFER_MS));
    }
    return new Player(SoundCardLine.open(format), format, bufferMs);
  }

  /**
   * Plays until {@code samples} samples per channel were received or the stream is closed. Gaps
   * count.
   *
   * @throws LavalierException if the stream failed
   * @throws IOException if the output device failed
   */
  public void play(FrameStream stream, long samples) throws LavalierException, IOException {
    long remaining = samples;
    Frame frame;
    while (remaining > 0 && (frame = stream.read()) != null) {
      if (frame.gap().isPresent()) {
        long missing = frame.gap().get().sampleCount();
        playout.playSilence(missing);
        remaining -= missing;
      }
      playout.play(frame.pcm());
      remaining -= stream.start().frameSize();
    }
  }

  /** Returns the statistics so far. Call it on the playing thread. */
  public PlaybackStats stats() {
    return playout.stats();
  }

  /** Stops the playback at once and discards queued samples. */
  @Override
  public void close() {
    line.close();
  }
}
