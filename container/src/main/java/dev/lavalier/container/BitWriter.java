package dev.lavalier.container;

import java.util.Arrays;

/** Writes bits into an array of bytes, the most significant bit first. Used by one thread. */
final class BitWriter {

  private static final int[] CRC8 = table(8, 0x07);
  private static final int[] CRC16 = table(16, 0x8005);

  private final byte[] bytes;
  private int length; // of the whole bytes
  private long pending; // its lower bits are not in a whole byte yet
  private int pendingBits; // 0..7 between two calls

  /** Creates a writer for up to {@code capacity} bytes. */
  BitWriter(int capacity) {
    this.bytes = new byte[capacity];
  }

  private static int[] table(int width, int polynomial) {
    int[] table = new int[256];
    for (int k = 0; k < table.length; k++) {
      int crc = k << (width - 8);
      for (int bit = 0; bit < 8; bit++) {
        boolean carry = ((crc >> (width - 1)) & 1) != 0;
        crc = (crc << 1) ^ (carry ? polynomial : 0);
      }
      table[k] = crc & ((1 << width) - 1);
    }
    return table;
  }

  /** Starts again at the beginning. */
  void reset() {
    length = 0;
    pendingBits = 0;
  }

  /** Writes the lower {@code count} bits of a value, 0 to 32. */
  void write(int value, int count) {
    pending = (pending << count) | (value & ((1L << count) - 1));
    pendingBits += count;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      bytes[length++] = (byte) (pending >>> pendingBits);
    }
  }

  /** Writes {@code zeros} zeros and a one. */
  void writeUnary(int zeros) {
    int rest = zeros;
    while (rest >= 32) {
      write(0, 32);
      rest -= 32;
    }
    write(1, rest + 1);
  }

  /** Writes the lower 31 bits of the number of a frame, in the form of UTF-8. */
  void writeNumber(long frame) {
    int number = (int) (frame & 0x7fff_ffff);
    if (number < 0x80) {
      write(number, 8);
      return;
    }
    int continuations = 1; // each has 6 bits, and the first byte has 6 less one for each
    while (continuations < 5 && number >>> (5 * continuations + 6) != 0) {
      continuations++;
    }
    write(((0xff80 >> continuations) & 0xff) | (number >>> (6 * continuations)), 8);
    for (int k = continuations - 1; k >= 0; k--) {
      write(0x80 | ((number >>> (6 * k)) & 0x3f), 8);
    }
  }

  /** Writes a part of an array. Called at the end of a byte. */
  void write(byte[] from, int offset, int count) {
    System.arraycopy(from, offset, bytes, length, count);
    length += count;
  }

  /** Fills the last byte with zeros. */
  void align() {
    write(0, -pendingBits & 7);
  }

  /** Returns the CRC-8 of the bytes so far. Called at the end of a byte. */
  int crc8() {
    int crc = 0;
    for (int k = 0; k < length; k++) {
      crc = CRC8[crc ^ (bytes[k] & 0xff)];
    }
    return crc;
  }

  /** Returns the CRC-16 of the bytes so far. Called at the end of a byte. */
  int crc16() {
    int crc = 0;
    for (int k = 0; k < length; k++) {
      crc = ((crc << 8) ^ CRC16[(crc >>> 8) ^ (bytes[k] & 0xff)]) & 0xffff;
    }
    return crc;
  }

  /** Returns a copy of the whole bytes. */
  byte[] toByteArray() {
    return Arrays.copyOf(bytes, length);
  }
}
