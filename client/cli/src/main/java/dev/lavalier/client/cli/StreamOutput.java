package dev.lavalier.client.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/**
 * Writes to a stream, without a position. Each frame is written at once, because the reader of a
 * pipe may play it live. For use by one thread.
 */
final class StreamOutput implements AudioOutput {

  private final OutputStream out;
  private byte[] chunk = {};

  /** Creates an output to an unbuffered stream, which {@link #close} closes. */
  StreamOutput(OutputStream out) {
    this.out = out;
  }

  @Override
  public void write(Samples samples, long captureTimeUnixNanos) throws IOException {
    ByteBuffer pcm = samples.pcm();
    int length = pcm.remaining();
    if (chunk.length < length) {
      chunk = new byte[length];
    }
    pcm.get(chunk, 0, length);
    out.write(chunk, 0, length);
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
