package dev.lavalier.container;

import java.util.Optional;

/** The beginning of a FLAC file (RFC 9639): the marker, and the blocks of metadata. */
public final class FlacHeader {

  private static final int MD5_BYTES = 16;
  private static final int BLOCK_HEADER_BYTES = 4;
  private static final int STREAMINFO_BYTES = 34;
  private static final int VORBIS_COMMENT = 4;
  private static final int LAST_BLOCK = 0x80;

  private FlacHeader() {}

  /**
   * Returns the header of a stream without an end.
   *
   * @param blockSize samples per channel in each frame
   * @param tags empty: no comments
   */
  public static byte[] ofStream(SampleFormat format, int blockSize, Optional<Tags> tags) {
    return header(format, blockSize, 0, new byte[MD5_BYTES], tags);
  }

  /**
   * Returns the header of a file. It has the same length as that of a stream with the same tags.
   *
   * @param blockSize samples per channel in each frame, except the last one
   * @param samples the number of samples per channel
   * @param md5 the MD5 digest of the samples
   */
  public static byte[] ofFile(
      SampleFormat format, int blockSize, long samples, byte[] md5, Tags tags) {
    return header(format, blockSize, samples, md5, Optional.of(tags));
  }

  private static byte[] header(
      SampleFormat format, int blockSize, long samples, byte[] md5, Optional<Tags> tags) {
    byte[] comment = tags.map(Tags::vorbisComment).orElse(new byte[0]);
    BitWriter out = new BitWriter(4 + 2 * BLOCK_HEADER_BYTES + STREAMINFO_BYTES + comment.length);
    for (char letter : "fLaC".toCharArray()) {
      out.write(letter, 8);
    }
    out.write(tags.isPresent() ? 0 : LAST_BLOCK, 8);
    out.write(STREAMINFO_BYTES, 24);
    out.write(blockSize, 16); // the smallest block, except the last one
    out.write(blockSize, 16); // the largest block
    out.write(0, 24); // the smallest frame is not known
    out.write(0, 24); // the largest frame is not known
    out.write(format.sampleRateHz(), 20);
    out.write(format.channelCount() - 1, 3);
    out.write(8 * format.bytesPerSample() - 1, 5);
    out.write((int) (samples >>> 32), 4); // 36 bits; 0: not known
    out.write((int) samples, 32);
    out.write(md5, 0, MD5_BYTES); // zeros: not known
    if (tags.isPresent()) {
      out.write(LAST_BLOCK | VORBIS_COMMENT, 8);
      out.write(comment.length, 24);
      out.write(comment, 0, comment.length);
    }
    return out.toByteArray();
  }
}
