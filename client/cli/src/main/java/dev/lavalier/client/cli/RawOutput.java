package dev.lavalier.client.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;

/**
 * Writes raw PCM to a pipe. Each frame is flushed at once, because the reader of the pipe may play
 * it live.
 */
final class RawOutput implements PcmOutput {

  private final PrintStream out;
  private byte[] chunk = {};

  RawOutput(PrintStream out) {
    this.out = out;
  }

  @Override
  public void write(ByteBuffer pcm) throws IOException {
    int length = pcm.remaining();
    if (chunk.length < length) {
      chunk = new byte[length];
    }
    pcm.get(chunk, 0, length);
    out.write(chunk, 0, length);
    if (out.checkError()) { // also flushes; a PrintStream does not throw
      throw new IOException("the reader of standard output has closed it");
    }
  }

  @Override
  public void close() {}
}
