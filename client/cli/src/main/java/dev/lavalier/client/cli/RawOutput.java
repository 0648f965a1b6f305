package dev.lavalier.client.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;

/** Bare PCM into a pipe. Each frame goes out at once: whoever is behind the pipe listens live. */
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
    if (out.checkError()) { // which flushes, too; a PrintStream throws nothing
      throw new IOException("nobody reads any more");
    }
  }

  @Override
  public void close() {}
}
