package dev.lavalier.client.cli;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where a recording goes. One thread. */
interface PcmOutput extends Closeable {

  /** Appends whole samples. */
  void write(ByteBuffer pcm) throws IOException;
}
