package dev.lavalier.client.it;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes packets as an Ogg file (RFC 3533), one packet in each page. */
final class OggFile {

  private static final int HEADER_BYTES = 27;
  private static final int CRC_OFFSET = 22;
  private static final int CRC_POLYNOMIAL = 0x04c11db7;
  private static final int SEGMENT_BYTES = 255;
  private static final int FIRST_PAGE = 2;

  private final ByteArrayOutputStream content = new ByteArrayOutputStream();
  private int pages;

  /** Returns the second packet of a file with Opus (RFC 7845). */
  static byte[] opusTags() {
    byte[] vendor = "Lavalier".getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(8 + 4 + vendor.length + 4)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put("OpusTags".getBytes(StandardCharsets.US_ASCII))
        .putInt(vendor.length)
        .put(vendor)
        .putInt(0) // there are no comments
        .array();
  }

  /** Adds a packet. {@code position} is the number of samples at its end, at 48 kHz. */
  void add(byte[] packet, long position) {
    int segments = packet.length / SEGMENT_BYTES + 1;
    ByteBuffer page =
        ByteBuffer.allocate(HEADER_BYTES + segments + packet.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put("OggS".getBytes(StandardCharsets.US_ASCII))
            .put((byte) 0) // version
            .put((byte) (pages == 0 ? FIRST_PAGE : 0))
            .putLong(position)
            .putInt(1) // the number of the stream
            .putInt(pages++)
            .putInt(0) // the checksum, below
            .put((byte) segments);
    for (int k = 0; k < segments; k++) {
      page.put((byte) Math.min(SEGMENT_BYTES, packet.length - k * SEGMENT_BYTES));
    }
    page.put(packet);
    page.putInt(CRC_OFFSET, crc(page.array()));
    content.writeBytes(page.array());
  }

  private static int crc(byte[] bytes) {
    int crc = 0;
    for (byte each : bytes) {
      crc ^= each << 24;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc < 0 ? (crc << 1) ^ CRC_POLYNOMIAL : crc << 1;
      }
    }
    return crc;
  }

  byte[] toByteArray() {
    return content.toByteArray();
  }
}
