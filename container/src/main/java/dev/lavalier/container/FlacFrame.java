package dev.lavalier.container;

/** Changes frames of FLAC without decoding them. */
final class FlacFrame {

  private static final int SYNC_CODE_FIXED_BLOCKS = 0xfff8;
  private static final int NUMBER_OFFSET = 4; // of its first byte in the header
  private static final int MAX_NUMBER_BYTES = 6;
  private static final int BLOCK_SIZE_IN_8_BITS = 6;
  private static final int BLOCK_SIZE_IN_16_BITS = 7;
  private static final int RATE_IN_8_BITS = 12;
  private static final int CHECKSUM_BYTES = 2; // at the end

  private FlacFrame() {}

  /**
   * Returns a frame with another number.
   *
   * @throws IllegalArgumentException if it is not a frame of a stream with one block size
   */
  static byte[] renumber(byte[] frame, long number) {
    check(frame, NUMBER_OFFSET + 1);
    if (((frame[0] & 0xff) << 8 | (frame[1] & 0xff)) != SYNC_CODE_FIXED_BLOCKS) {
      throw malformed();
    }
    int numberEnd = NUMBER_OFFSET + numberBytes(frame[NUMBER_OFFSET]);
    int headerEnd = numberEnd + blockSizeBytes(frame[2]) + rateBytes(frame[2]);
    int contentStart = headerEnd + 1; // after the checksum of the header
    int contentEnd = frame.length - CHECKSUM_BYTES;
    check(frame, contentStart + CHECKSUM_BYTES);
    BitWriter out = new BitWriter(frame.length + MAX_NUMBER_BYTES);
    out.write(frame, 0, NUMBER_OFFSET);
    out.writeNumber(number);
    out.write(frame, numberEnd, headerEnd - numberEnd);
    out.write(out.crc8(), 8);
    out.write(frame, contentStart, contentEnd - contentStart);
    out.write(out.crc16(), 16);
    return out.toByteArray();
  }

  /** Returns the length of the number whose first byte is given. */
  private static int numberBytes(byte first) {
    int ones = Integer.numberOfLeadingZeros(~(first << 24));
    return ones == 0 ? 1 : ones;
  }

  private static int blockSizeBytes(byte codes) {
    int code = (codes >> 4) & 0xf;
    return code == BLOCK_SIZE_IN_8_BITS ? 1 : code == BLOCK_SIZE_IN_16_BITS ? 2 : 0;
  }

  private static int rateBytes(byte codes) {
    int code = codes & 0xf;
    return code < RATE_IN_8_BITS || code == 0xf ? 0 : code == RATE_IN_8_BITS ? 1 : 2;
  }

  private static void check(byte[] frame, int length) {
    if (frame.length < length) {
      throw malformed();
    }
  }

  private static IllegalArgumentException malformed() {
    return new IllegalArgumentException("packet: malformed (expected: a frame of FLAC)");
  }
}
