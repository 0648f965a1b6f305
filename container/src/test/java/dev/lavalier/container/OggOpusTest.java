package dev.lavalier.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the pages and positions of Ogg streams. Other programs read them in the programs' tests.
 */
final class OggOpusTest {

  private static final byte[] PACKET = {(byte) 0xf8, 1, 2, 3}; // of 20 ms
  private static final byte[] NONE = {};
  private static final Tags TAGS = new Tags("lavalier 1", "mic", 1_500_000_000_250_000_000L);
  private static final int DELAY = 312;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** A page, and the number of samples in its packets at 48 kHz. */
  private record Page(int flags, long position, int serial, int number, List<byte[]> packets) {
    long samples() {
      return packets.stream().mapToLong(p -> duration(p[0] & 0xff)).sum();
    }

    /** SILK has 10 ms and 20 ms, and CELT has 2.5 ms to 20 ms. */
    private static long duration(int first) {
      return first < 0x80 ? 480L << (first >> 3) : 120L << ((first >> 3) & 3);
    }
  }

  private List<Page> pages() {
    List<Page> pages = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      int start = in.position();
      assertThat(in.getInt()).isEqualTo(0x5367674f); // OggS
      assertThat(in.get()).isZero();
      int flags = in.get();
      long position = in.getLong();
      int serial = in.getInt();
      int number = in.getInt();
      int crc = in.getInt();
      byte[] segments = new byte[in.get() & 0xff];
      in.get(segments);
      List<byte[]> packets = new ArrayList<>();
      int length = 0;
      for (byte segment : segments) {
        length += segment & 0xff;
        if (segment != -1) {
          byte[] packet = new byte[length];
          in.get(packet);
          packets.add(packet);
          length = 0;
        }
      }
      byte[] page = new byte[in.position() - start];
      in.get(start, page);
      ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).putInt(22, 0);
      assertThat(crc).isEqualTo(crc(page));
      pages.add(new Page(flags, position, serial, number, packets));
    }
    return pages;
  }

  /** The checksum of RFC 3533, bit by bit. */
  private static int crc(byte[] bytes) {
    int crc = 0;
    for (byte each : bytes) {
      crc ^= each << 24;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
      }
    }
    return crc;
  }

  /** Asserts what each stream has to satisfy, and returns its pages with audio. */
  private List<Page> audioPages(int preSkip, long length) {
    List<Page> pages = pages();
    ByteBuffer head = ByteBuffer.wrap(pages.get(0).packets().get(0)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(head.getShort(10)).isEqualTo((short) preSkip);
    long decoded = 0;
    for (int k = 0; k < pages.size(); k++) {
      Page page = pages.get(k);
      boolean isLast = k == pages.size() - 1;
      assertThat(page.number()).isEqualTo(k);
      assertThat(page.serial()).isEqualTo(7);
      assertThat(page.flags()).isEqualTo(k == 0 ? 2 : isLast ? 4 : 0);
      assertThat(page.packets()).isNotEmpty();
      if (k >= 2) {
        long before = decoded;
        decoded += page.samples();
        assertThat(page.position()).isBetween(before, decoded);
        assertThat(page.position()).isEqualTo(isLast ? preSkip + length : decoded);
      } else {
        assertThat(page.position()).isZero();
      }
    }
    return pages.subList(2, pages.size());
  }

  private void add(OggOpus ogg, int packets) {
    for (int k = 0; k < packets; k++) {
      out.writeBytes(ogg.add(PACKET, 960, 960));
    }
  }

  @Test
  void headersNameTheFormatAndTheDevice() {
    OggOpus ogg = new OggOpus(2, 16_000, 104, 0, 0, 7);
    out.writeBytes(ogg.start(TAGS));
    out.writeBytes(ogg.end(NONE, 0));
    audioPages(DELAY, 0);
    byte[] head = pages().get(0).packets().get(0);
    assertThat(new String(head, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("OpusHead");
    assertThat(head[9]).isEqualTo((byte) 2);
    assertThat(ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt(12)).isEqualTo(16_000);
    assertThat(OggOpus.delay(ByteBuffer.wrap(head), 16_000)).isEqualTo(104);
    byte[] tags = pages().get(1).packets().get(0);
    assertThat(new String(tags, StandardCharsets.UTF_8))
        .startsWith("OpusTags")
        .contains("ENCODER=lavalier 1", "DEVICE=mic", "DATE=2017-07-14T02:40:00.250Z");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 48_000})
  void lengthIsThatOfTheSamples(int maxPage) {
    OggOpus ogg = new OggOpus(1, 48_000, DELAY, 0, maxPage, 7);
    out.writeBytes(ogg.start(TAGS));
    add(ogg, 100);
    out.writeBytes(ogg.add(PACKET, 960, 17));
    out.writeBytes(ogg.end(PACKET, 960));
    List<Page> pages = audioPages(DELAY, 96_017);
    assertThat(pages).hasSize(maxPage == 0 ? 101 : 3);
  }

  @ParameterizedTest
  @CsvSource({"960, 8", "961, 8", "1080, e0 8", "1079, 8", "840, e0 e8 0", "100, ''", "1920, 8 8"})
  void gapIsSilenceInMultiplesOfShortestPacket(int gap, String firstBytes) {
    OggOpus ogg = new OggOpus(2, 48_000, DELAY, 0, 48_000, 7);
    out.writeBytes(ogg.start(TAGS));
    add(ogg, 1);
    out.writeBytes(ogg.addSilence(gap));
    add(ogg, 1);
    out.writeBytes(ogg.end(PACKET, 960));
    List<byte[]> all = new ArrayList<>();
    audioPages(DELAY, 1_920 + gap).forEach(page -> all.addAll(page.packets()));
    String silence =
        all.subList(1, all.size() - 2).stream()
            .map(packet -> Integer.toHexString(packet[0] & 0xff))
            .collect(Collectors.joining(" "));
    assertThat(silence).isEqualTo(firstBytes);
    assertThat(all.get(all.size() - 2)).isEqualTo(PACKET);
  }

  @Test
  void restOfGapIsAddedToTheNextOne() {
    OggOpus ogg = new OggOpus(1, 48_000, DELAY, 0, 48_000, 7);
    out.writeBytes(ogg.start(TAGS));
    for (int k = 0; k < 12; k++) { // each is a twelfth of 2.5 ms
      add(ogg, 1);
      out.writeBytes(ogg.addSilence(10));
    }
    out.writeBytes(ogg.end(PACKET, 960));
    List<Page> pages = audioPages(DELAY, 12 * 970);
    assertThat(pages.stream().flatMap(page -> page.packets().stream()).map(p -> p.length))
        .containsExactly(4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 4);
  }

  @Test
  void leadIsSkipped() {
    OggOpus ogg = new OggOpus(1, 24_000, DELAY / 2, 4 * 480 + 100, 24_000, 7);
    out.writeBytes(ogg.start(TAGS));
    for (int k = 0; k < 4; k++) {
      out.writeBytes(ogg.addLead(PACKET, 480));
    }
    out.writeBytes(ogg.add(PACKET, 480, 380));
    out.writeBytes(ogg.add(PACKET, 480, 480));
    out.writeBytes(ogg.end(NONE, 0));
    audioPages(4 * 960 + 200 + DELAY, 2 * 860);
  }

  @Test
  void longPacketsAreNotDivided() {
    OggOpus ogg = new OggOpus(1, 48_000, DELAY, 0, 480_000, 7);
    out.writeBytes(ogg.start(TAGS));
    byte[] packet = new byte[1_275];
    packet[0] = PACKET[0];
    for (int k = 0; k < 100; k++) {
      out.writeBytes(ogg.add(packet, 960, 960));
    }
    out.writeBytes(ogg.end(NONE, 0));
    List<Page> pages = audioPages(DELAY, 96_000);
    assertThat(pages).hasSize(3);
    assertThatThrownBy(() -> ogg.add(new byte[70_000], 960, 960))
        .hasMessage("packet: 70000 bytes (expected: 0..65024)");
  }
}
