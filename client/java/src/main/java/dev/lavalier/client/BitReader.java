package dev.lavalier.client;

/**
 * Reads bits from an array of bytes, the most significant bit first. Used by one thread.
 *
 * <p>Each method throws an {@link IndexOutOfBoundsException} at the end of the array.
 */
final class BitReader {

  private static final int CRC16_POLYNOMIAL = 0x8005;
  private static final int CRC_BITS = 16;

  private final byte[] bytes;
  private long position; // in bits

  BitReader(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Reads an unsigned number of up to 31 bits. */
  int read(int count) {
    return (int) readUnsigned(count);
  }

  /** Reads an unsigned number of up to 56 bits. */
  long readUnsigned(int count) {
    long value = 0;
    int rest = count;
    while (rest > 0) {
      int available = 8 - (int) (position & 7);
      int taken = Math.min(rest, available);
      int current = bytes[(int) (position >> 3)] & 0xff;
      int part = (current >> (available - taken)) & ((1 << taken) - 1);
      value = (value << taken) | part;
      position += taken;
      rest -= taken;
    }
    return value;
  }

  /** Reads a signed number of up to 56 bits. */
  long readSigned(int count) {
    return count == 0 ? 0 : readUnsigned(count) << (64 - count) >> (64 - count);
  }

  /** Reads zeros and the one after them, and returns the number of the zeros. */
  int readUnary() {
    int zeros = 0;
    while (readUnsigned(1) == 0) {
      zeros++;
    }
    return zeros;
  }

  /** Skips the rest of a byte. */
  void align() {
    position = (position + 7) & ~7L;
  }

  /** Returns whether there is more than the checksum at the end. Called at the end of a byte. */
  boolean hasMore() {
    return position + CRC_BITS != 8L * bytes.length;
  }

  /** Returns the CRC-16 of all bytes: 0 if the last two are the CRC-16 of the others. */
  int crc16() {
    int crc = 0;
    for (byte each : bytes) {
      crc ^= (each & 0xff) << 8;
      for (int bit = 0; bit < 8; bit++) {
        boolean carry = (crc & 0x8000) != 0;
        crc = ((crc << 1) ^ (carry ? CRC16_POLYNOMIAL : 0)) & 0xffff;
      }
    }
    return crc;
  }
}
