package dev.lavalier.client.sound;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Reads the bytes of a stream's frames, and zeros in place of gaps: zeros are silence in every
 * encoding.
 */
final class FrameInputStream extends InputStream {

  private final FrameStream frames;
  private final int bytesPerSampleFrame;

  // Used only by the reading thread.
  private long silentBytes; // before pending
  private ByteBuffer pending = ByteBuffer.allocate(0); // the unread rest of the last frame

  FrameInputStream(FrameStream frames) {
    this.frames = frames;
    this.bytesPerSampleFrame = frames.start().format().bytesPerSampleFrame();
  }

  @Override
  public int read() throws IOException {
    byte[] single = new byte[1];
    return read(single, 0, 1) < 0 ? -1 : single[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (available() == 0 && !readNextFrame()) {
      return -1;
    }
    if (silentBytes > 0) {
      int count = (int) Math.min(length, silentBytes);
      Arrays.fill(buffer, offset, offset + count, (byte) 0);
      silentBytes -= count;
      return count;
    }
    int count = Math.min(length, pending.remaining());
    pending.get(buffer, offset, count);
    return count;
  }

  private boolean readNextFrame() throws IOException {
    try {
      Frame frame = frames.read();
      if (frame == null) {
        return false;
      }
      silentBytes = frame.gap().map(Gap::sampleCount).orElse(0L) * bytesPerSampleFrame;
      pending = frame.pcm();
      return true;
    } catch (LavalierException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Returns the number of bytes that can be read without waiting. */
  @Override
  public int available() {
    return (int) Math.min(Integer.MAX_VALUE, silentBytes + pending.remaining());
  }

  @Override
  public void close() {
    frames.close();
  }
}
