package dev.lavalier.client.sound;

import java.io.IOException;

/** Where audio is played. One thread. */
interface OutputLine extends AutoCloseable {

  /** Returns how many samples per channel were written and are not played yet. */
  long queued();

  /**
   * Writes whole samples; waits where they do not fit.
   *
   * @throws IOException where the line is gone
   */
  void write(byte[] pcm, int length) throws IOException;

  @Override
  void close();
}
