package dev.lavalier.container;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Puts packets of Opus into an Ogg stream (RFC 7845), whose length is exactly that of the audio
 * that was added. Call {@link #start} first, and {@link #end} last. Each method returns the bytes
 * to write, which can be none. Counts are samples per channel of the stream's rate. For use by one
 * thread.
 *
 * <p>Packets of silence take the place of audio that is missing. A packet has a multiple of 2.5 ms,
 * so what remains of a silence is added to the next one, or to the end. The audio after it is
 * earlier by this remainder.
 */
public final class OggOpus {

  /** The longest packet that a stream can have. */
  public static final int MAX_PACKET_BYTES = OggPages.MAX_PACKET_BYTES;

  /** The length of an identification header of one or two channels. */
  public static final int HEAD_BYTES = 19;

  /** The rate in which Opus counts. */
  private static final int OPUS_RATE_HZ = 48_000;

  private static final int PRE_SKIP_OFFSET = 10; // in the identification header
  private static final int SHORTEST_PACKET = OPUS_RATE_HZ / 400;

  /** Packets of digital silence in CELT, of 2.5 and 5 ms. */
  private static final byte[][] SHORT_SILENCE = {
    {(byte) 0xe0, (byte) 0xff, (byte) 0xfe}, {(byte) 0xe8, (byte) 0xff, (byte) 0xfe}
  };

  /**
   * Packets of silence in SILK, of 10 and 20 ms. After them, a decoder begins CELT anew. After
   * silence in CELT, it would fade in for a fifth of a second.
   */
  private static final byte[][] LONG_SILENCE = {
    {0x00, 0x06, (byte) 0xda, (byte) 0x8f, (byte) 0xa8, (byte) 0xc0},
    {0x08, 0x06, (byte) 0xe0, (byte) 0xb3, 0x0e, (byte) 0xc6}
  };

  private final int channelCount;
  private final int sampleRateHz;
  private final int scale; // samples at 48 kHz for each sample
  private final long delay; // of the codec. This and all below count at 48 kHz
  private final long lead; // decoded before the first sample that counts
  private final long maxPage; // of the samples of a page
  private final OggPages pages;
  private long decoded; // the sum of all packets
  private long paged; // the same, up to the last page
  private long length; // of the audio

  /**
   * Creates a stream.
   *
   * @param sampleRateHz 8,000, 12,000, 16,000, 24,000 or 48,000
   * @param delay by how much a decoder returns each sample later, in samples
   * @param lead the samples of the first packets that are not part of the audio. A decoder needs
   *     about 80 ms of them if the audio begins within a longer stream
   * @param maxPage after how many samples a page ends at the latest; 0: each packet is a page
   * @param serial a number that differs from those of other streams
   */
  public OggOpus(int channelCount, int sampleRateHz, int delay, int lead, int maxPage, int serial) {
    this.channelCount = channelCount;
    this.sampleRateHz = sampleRateHz;
    this.scale = OPUS_RATE_HZ / sampleRateHz;
    this.delay = (long) scale * delay;
    this.lead = (long) scale * lead;
    this.maxPage = (long) scale * maxPage;
    this.pages = new OggPages(serial);
  }

  /**
   * Returns the identification header.
   *
   * @param preSkip how many samples of the decoder, at 48 kHz, are not part of the audio
   * @param sampleRateHz the rate of the samples that were encoded
   */
  public static byte[] head(int channelCount, int preSkip, int sampleRateHz) {
    return ByteBuffer.allocate(HEAD_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put("OpusHead".getBytes(StandardCharsets.US_ASCII))
        .put((byte) 1) // version
        .put((byte) channelCount)
        .putShort((short) preSkip)
        .putInt(sampleRateHz)
        .putShort((short) 0) // gain
        .put((byte) 0) // mono or stereo
        .array();
  }

  /**
   * Returns by how much a decoder returns each sample later, in samples.
   *
   * @param head an identification header, of {@value #HEAD_BYTES} bytes or more
   * @param sampleRateHz the rate of the samples
   */
  public static int delay(ByteBuffer head, int sampleRateHz) {
    int preSkip = head.slice().order(ByteOrder.LITTLE_ENDIAN).getShort(PRE_SKIP_OFFSET) & 0xffff;
    return preSkip / (OPUS_RATE_HZ / sampleRateHz);
  }

  /** Returns the headers. */
  public byte[] start(Tags tags) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    pages.add(head(channelCount, (int) (delay + lead), sampleRateHz));
    out.writeBytes(pages.page(0, OggPages.FIRST));
    byte[] comment = tags.vorbisComment();
    pages.add(
        ByteBuffer.allocate(8 + comment.length)
            .put("OpusTags".getBytes(StandardCharsets.US_ASCII))
            .put(comment)
            .array());
    out.writeBytes(pages.page(0, 0));
    return out.toByteArray();
  }

  /**
   * Adds a packet that comes before the audio: part of the lead.
   *
   * @param duration the samples of the packet
   */
  public byte[] addLead(byte[] packet, int duration) {
    return add(packet, (long) scale * duration, false);
  }

  /**
   * Adds a packet.
   *
   * @param duration the samples of the packet
   * @param used how many of them are part of the audio. Fewer than all in the first packet, if the
   *     others are in the lead, or in the last one
   * @throws IllegalArgumentException if the packet is longer than a page
   */
  public byte[] add(byte[] packet, int duration, int used) {
    length += (long) scale * used;
    return add(packet, (long) scale * duration, used == duration);
  }

  /**
   * Adds silence. Add long ones in parts: a second has about 200 bytes.
   *
   * @param count the samples that are missing
   */
  public byte[] addSilence(long count) {
    length += scale * count;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    fill(lead + length, maxPage > 0, out);
    if (maxPage == 0) {
      out.writeBytes(flush());
    }
    return out.toByteArray();
  }

  /** Adds silence until less than the shortest packet is missing: the long packets last. */
  private void fill(long until, boolean endsPages, ByteArrayOutputStream out) {
    long units = (until - decoded) / SHORTEST_PACKET;
    while (units > 0) {
      int size = units % 2 == 1 ? 0 : units % 4 == 2 ? 1 : units % 8 == 4 ? 2 : 3;
      byte[] packet = size < 2 ? SHORT_SILENCE[size] : LONG_SILENCE[size - 2];
      out.writeBytes(add(packet, (long) SHORTEST_PACKET << size, endsPages));
      units -= 1L << size;
    }
  }

  private byte[] add(byte[] packet, long duration, boolean endsPage) {
    if (packet.length > MAX_PACKET_BYTES) {
      throw new IllegalArgumentException(
          "packet: %d bytes (expected: 0..%d)".formatted(packet.length, MAX_PACKET_BYTES));
    }
    byte[] before = pages.hasRoom(packet.length) ? new byte[0] : flush();
    pages.add(packet);
    decoded += duration;
    if (!endsPage || decoded - paged < maxPage) {
      return before;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(before);
    out.writeBytes(flush());
    return out.toByteArray();
  }

  /** Returns the packets that are not in a page yet, as a page; nothing if there are none. */
  private byte[] flush() {
    if (pages.isEmpty()) {
      return new byte[0];
    }
    paged = decoded;
    return pages.page(decoded, 0);
  }

  /**
   * Ends the stream.
   *
   * @param next the packet after the last one, so that a decoder can return the end of the audio;
   *     empty: there is none, and the end of the audio, as long as the delay, fades out
   * @param duration the samples of the next packet
   */
  public byte[] end(byte[] next, int duration) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long end = lead + length + delay;
    if (next.length > 0 && decoded < end) {
      out.writeBytes(add(next, (long) scale * duration, false));
    }
    fill(end + SHORTEST_PACKET - 1, false, out); // up to the end, or beyond it
    out.writeBytes(pages.page(end, OggPages.LAST));
    return out.toByteArray();
  }
}
