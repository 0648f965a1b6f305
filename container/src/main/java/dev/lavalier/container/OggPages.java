package dev.lavalier.container;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Puts packets into the pages of one logical stream of Ogg (RFC 3533). A packet is never divided
 * between pages. For use by one thread.
 */
final class OggPages {

  /** In a page: it is the first one of the stream. */
  static final int FIRST = 2;

  /** In a page: it is the last one of the stream. */
  static final int LAST = 4;

  /** The most that a page, and so a packet, can contain. */
  static final int MAX_PACKET_BYTES = 255 * 255 - 1;

  private static final int MAX_SEGMENTS = 255;
  private static final int SEGMENT_BYTES = 255;
  private static final int HEADER_BYTES = 27;
  private static final int CHECKSUM_OFFSET = 22;
  private static final int POLYNOMIAL = 0x04c11db7;
  private static final int[] CRC = table();

  private final int serial;
  private int number; // of the next page
  private final byte[] segments = new byte[MAX_SEGMENTS]; // of the next page
  private int segmentCount;
  private final ByteArrayOutputStream content = new ByteArrayOutputStream();

  /** Creates the stream with a number that no other stream of the same file has. */
  OggPages(int serial) {
    this.serial = serial;
  }

  private static int[] table() {
    int[] table = new int[256];
    for (int k = 0; k < table.length; k++) {
      int crc = k << 24;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc < 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
      }
      table[k] = crc;
    }
    return table;
  }

  /** Returns whether the next page has no packet. */
  boolean isEmpty() {
    return segmentCount == 0;
  }

  /** Returns whether the next page has room for a packet of a length in bytes. */
  boolean hasRoom(int length) {
    return segmentCount + length / SEGMENT_BYTES + 1 <= MAX_SEGMENTS;
  }

  /** Adds a packet to the next page, which has room for it. */
  void add(byte[] packet) {
    for (int rest = packet.length; rest >= 0; rest -= SEGMENT_BYTES) {
      segments[segmentCount++] = (byte) Math.min(rest, SEGMENT_BYTES);
    }
    content.writeBytes(packet);
  }

  /**
   * Returns the next page, and begins another one.
   *
   * @param position the number of samples at the end of the page
   * @param flags 0, {@link #FIRST} or {@link #LAST}
   */
  byte[] page(long position, int flags) {
    ByteBuffer page =
        ByteBuffer.allocate(HEADER_BYTES + segmentCount + content.size())
            .order(ByteOrder.LITTLE_ENDIAN)
            .put("OggS".getBytes(StandardCharsets.US_ASCII))
            .put((byte) 0) // version
            .put((byte) flags)
            .putLong(position)
            .putInt(serial)
            .putInt(number++)
            .putInt(0) // the checksum, below
            .put((byte) segmentCount)
            .put(segments, 0, segmentCount)
            .put(content.toByteArray());
    segmentCount = 0;
    content.reset();
    return page.putInt(CHECKSUM_OFFSET, checksum(page.array())).array();
  }

  private static int checksum(byte[] bytes) {
    int crc = 0;
    for (byte each : bytes) {
      crc = (crc << 8) ^ CRC[(crc >>> 24) ^ (each & 0xff)];
    }
    return crc;
  }
}
