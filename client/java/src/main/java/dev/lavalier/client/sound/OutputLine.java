package dev.lavalier.client.sound;

import java.io.IOException;

/** An output for playback. For use by one thread. */
interface OutputLine extends AutoCloseable {

  /**
   * Discards the queue, writes silence and starts the line. The silence comes first because a line
   * that underran, or was not started yet, plays at once only the samples written before its start.
   *
   * @param silentSamples the number of samples per channel
   * @throws IOException if the line failed
   */
  void restart(int silentSamples) throws IOException;

  /** Returns the number of samples per channel that were written but not played yet. */
  long queuedSamples();

  /**
   * Writes whole samples; waits if they do not fit into the queue.
   *
   * @throws IOException if the line failed
   */
  void write(byte[] pcm, int length) throws IOException;

  @Override
  void close();
}
