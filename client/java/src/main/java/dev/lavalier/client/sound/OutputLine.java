package dev.lavalier.client.sound;

import java.io.IOException;

/** Where audio is played. One thread. */
interface OutputLine extends AutoCloseable {

  /**
   * Begins anew with so many samples of silence, whatever was queued: a line that ran dry, or has
   * not begun yet, plays at once only what it was given before it is told to.
   *
   * @throws IOException where the line is gone
   */
  void restart(int silentSamples) throws IOException;

  /** Returns how many samples per channel were written and are not played yet. */
  long queuedSamples();

  /**
   * Writes whole samples; waits where they do not fit.
   *
   * @throws IOException where the line is gone
   */
  void write(byte[] pcm, int length) throws IOException;

  @Override
  void close();
}
