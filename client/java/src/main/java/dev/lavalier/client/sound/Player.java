package dev.lavalier.client.sound;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import java.io.IOException;

/**
 * Plays a stream by the machine's default output device, with a queue that grows where frames come
 * late and shrinks when they have not for long. The two devices' clocks differ; single samples are
 * left out or repeated to make up for that. Gaps are silence. One thread.
 */
public final class Player implements AutoCloseable {

  /** The longest queue that may be asked for, in milliseconds. */
  public static final int MAX_BUFFER_MS = 500;

  private final OutputLine line;
  private final Playout playout;

  /**
   * How the playing has gone.
   *
   * @param underruns how often the output had nothing to play
   * @param skippedFrames frames that were left out because too many had come at a time
   * @param correctedSamples samples that were left out or repeated because clocks differ
   * @param bufferMs the queue that is aimed at by now, in milliseconds
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
   * @param format of the stream; 16 bits
   * @param bufferMs the queue to begin with, 1 to {@value #MAX_BUFFER_MS} ms
   * @throws IOException where there is no such device, said in one line
   * @throws IllegalArgumentException where an argument is out of its range
   */
  public static Player open(PcmFormat format, int bufferMs) throws IOException {
    if (format.encoding() != SampleEncoding.S16LE) {
      throw new IllegalArgumentException(
          "format: %s (expected: s16le, which output devices play)".formatted(format));
    }
    if (bufferMs < 1 || bufferMs > MAX_BUFFER_MS) {
      throw new IllegalArgumentException(
          "buffer-ms: %d (expected: 1..%d)".formatted(bufferMs, MAX_BUFFER_MS));
    }
    return new Player(SoundCardLine.open(format), format, bufferMs);
  }

  /**
   * Plays until that many samples per channel have come or the stream is closed.
   *
   * @throws LavalierException where the stream ended
   * @throws IOException where the output device is gone
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

  /** Returns how it has gone so far; to the playing thread. */
  public PlaybackStats stats() {
    return playout.stats();
  }

  /** Stops at once. */
  @Override
  public void close() {
    line.close();
  }
}
