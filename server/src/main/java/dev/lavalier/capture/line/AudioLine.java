package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import java.io.IOException;

/**
 * An open capture line of this machine: a line of the sound system, or of a virtual device. All
 * lengths are samples per channel.
 *
 * <p>One thread calls {@link #start}, {@link #available} and {@link #read}. Any thread may call
 * {@link #stop} and {@link #close}; both release a blocked read, and both may block for as long as
 * the sound system does.
 */
public interface AudioLine extends AutoCloseable {

  /** Returns the format that the line was opened in. */
  PcmFormat format();

  /** Returns the size of the line's buffer in samples. */
  int bufferSamples();

  /** Starts the capture. */
  void start();

  /** Returns the number of samples that a read returns without waiting. */
  int available();

  /**
   * Fills the buffer, and waits for samples if necessary.
   *
   * @param buffer its length is a whole number of samples of all channels
   * @return the number of samples read; fewer than the buffer holds only if the line was stopped or
   *     is lost
   * @throws IOException if the line cannot continue; its message says why, in one sentence
   */
  int read(byte[] buffer) throws IOException;

  /** Stops the capture. */
  void stop();

  /** Releases the device. Further calls have no effect. */
  @Override
  void close();
}
