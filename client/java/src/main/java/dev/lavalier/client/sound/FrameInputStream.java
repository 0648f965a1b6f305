package dev.lavalier.client.sound;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** The bytes of a stream's frames, and zeros where a gap is: silence in every encoding. */
final class FrameInputStream extends InputStream {

  private final FrameStream frames;
  private final int bytesPerSample;

  // The reading thread alone.
  private long silentBytes; // before what waits
  private ByteBuffer waiting = ByteBuffer.allocate(0); // the rest of the last frame

  FrameInputStream(FrameStream frames) {
    this.frames = frames;
    this.bytesPerSample = frames.start().format().bytesPerSampleFrame();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (available() == 0 && !next()) {
      return -1;
    }
    if (silentBytes > 0) {
      int count = (int) Math.min(length, silentBytes);
      Arrays.fill(to, offset, offset + count, (byte) 0);
      silentBytes -= count;
      return count;
    }
    int count = Math.min(length, waiting.remaining());
    waiting.get(to, offset, count);
    return count;
  }

  private boolean next() throws IOException {
    try {
      Frame frame = frames.read();
      if (frame == null) {
        return false;
      }
      silentBytes = frame.gap().map(Gap::sampleCount).orElse(0L) * bytesPerSample;
      waiting = frame.pcm();
      return true;
    } catch (LavalierException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Returns what can be had without waiting. */
  @Override
  public int available() {
    return (int) Math.min(Integer.MAX_VALUE, silentBytes + waiting.remaining());
  }

  @Override
  public void close() {
    frames.close();
  }
}
