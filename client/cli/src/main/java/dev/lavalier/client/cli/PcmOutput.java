package dev.lavalier.client.cli;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The destination of a recording. For use by one thread. */
interface PcmOutput extends Closeable {

  /** Appends whole samples of all channels. */
  void write(ByteBuffer pcm) throws IOException;
}
