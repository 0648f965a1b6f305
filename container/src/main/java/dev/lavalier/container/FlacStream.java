package dev.lavalier.container;

import java.io.ByteArrayOutputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Puts frames of a running encoder into a FLAC stream without an end. Its frames are numbered from
 * 0, and frames of silence take the place of what is missing. For use by one thread.
 *
 * <p>A silence has a multiple of the block size. What remains is added to the next one.
 */
public final class FlacStream {

  private final SampleFormat format;
  private final int blockSize;
  private long number; // of the next frame
  private long missing; // samples per channel
  private byte @Nullable [] silence; // a frame; null: not needed yet

  /** Creates a stream of frames of {@code blockSize} samples per channel. */
  public FlacStream(SampleFormat format, int blockSize) {
    this.format = format;
    this.blockSize = blockSize;
  }

  /** Returns the header. */
  public byte[] start(Tags tags) {
    return FlacHeader.ofStream(format, blockSize, Optional.of(tags));
  }

  /**
   * Returns a frame with its number in this stream.
   *
   * @param frame a frame of {@link FlacEncoder} with the format and the block size of the stream
   * @throws IllegalArgumentException if it is not
   */
  public byte[] add(byte[] frame) {
    return FlacFrame.renumber(frame, number++);
  }

  /** Returns frames of silence. Add long ones in parts: a frame has about 16 bytes. */
  public byte[] addSilence(long count) {
    missing += count;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (missing >= blockSize && silence == null) { // once: a long gap has thousands of frames
      byte[] zeros = new byte[blockSize * format.bytesPerSampleFrame()];
      silence = new FlacEncoder(format, blockSize).encode(zeros, 0);
    }
    for (; missing >= blockSize; missing -= blockSize) {
      out.writeBytes(add(silence));
    }
    return out.toByteArray();
  }
}
