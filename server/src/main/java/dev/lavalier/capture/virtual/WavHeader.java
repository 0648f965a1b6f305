package dev.lavalier.capture.virtual;

import dev.lavalier.audio.PcmFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;

/**
 * What the chunks of a WAV file say: RIFF, and RF64 or BW64 (EBU Tech 3306, ITU-R BS.2088) for more
 * than 4 GiB. Immutable.
 *
 * <p>The reader of the JDK is not used: it does not compare the block align with the size of the
 * samples, reads neither RF64 nor unfinished files, and supports fewer encodings.
 *
 * <p>The size of the file limits the size of the samples. A program that was stopped, or that wrote
 * to a pipe, leaves a size of 0 or of almost 4 GiB in the header; then the samples end with the
 * file.
 *
 * @param format the format in which the file is played
 * @param encoding the encoding of the values in the file
 * @param dataStart the position of the first sample in the file
 * @param dataBytes the size of the samples in the file, a multiple of {@link #blockBytes}, not 0
 */
record WavHeader(PcmFormat format, WavEncoding encoding, long dataStart, long dataBytes) {

  private static final int MAGIC_BYTES = 12;
  private static final int CHUNK_HEADER_BYTES = 8;

  /** The size of a chunk that is 4 GiB or larger, or that was not known when it was written. */
  private static final long UNKNOWN_SIZE = 0xffff_ffffL;

  /** How much of the samples is read to find out in which bytes they are. */
  private static final int MAX_BYTES_TO_JUSTIFY = 1 << 20;

  /** Returns the size of one sample of all channels in the file. */
  int blockBytes() {
    return encoding.bytes() * format.channelCount();
  }

  /**
   * Reads the header of a file.
   *
   * @throws InvalidWavException if the file is no WAV file, or is one that cannot be played
   * @throws IOException if the file cannot be read
   */
  static WavHeader read(FileChannel file) throws IOException {
    long end = file.size();
    boolean is64Bit = is64Bit(read(file, 0, MAGIC_BYTES));
    WavFormatChunk format = null;
    long dataSize64 = UNKNOWN_SIZE;
    long at = MAGIC_BYTES;
    while (at + CHUNK_HEADER_BYTES <= end) {
      byte[] header = read(file, at, CHUNK_HEADER_BYTES);
      String id = new String(header, 0, 4, StandardCharsets.ISO_8859_1);
      long size = WavEncoding.littleEndian(header, 4, 4);
      long start = at + CHUNK_HEADER_BYTES;
      switch (id) {
        case "ds64" -> {
          byte[] sizes = read(file, start, 16);
          if (is64Bit && sizes.length == 16) {
            dataSize64 = WavEncoding.littleEndian(sizes, 8, 8);
          }
        }
        case "fmt " -> {
          long present = Math.min(size, end - start);
          format =
              WavFormatChunk.parse(
                  read(file, start, (int) Math.min(present, WavFormatChunk.MAX_BYTES)));
        }
        case "data" -> {
          if (format == null) {
            throw new InvalidWavException("a WAV file with a fmt chunk before its data");
          }
          long declared = is64Bit && size == UNKNOWN_SIZE ? dataSize64 : size;
          return of(file, format, start, dataBytes(file, start, end, declared));
        }
        default -> {}
      }
      at = start + size + size % 2; // chunks begin at even positions
    }
    throw new InvalidWavException(
        format == null ? "a complete WAV header" : "a WAV file with a data chunk");
  }

  private static WavHeader of(FileChannel file, WavFormatChunk format, long start, long bytes)
      throws IOException {
    WavEncoding encoding =
        format.encoding() == WavEncoding.S24_LOW ? justification(file, start) : format.encoding();
    int block = encoding.bytes() * format.channels();
    if (bytes < block) {
      throw new InvalidWavException("at least one sample");
    }
    PcmFormat played = new PcmFormat(encoding.played(), format.rateHz(), format.channels());
    return new WavHeader(played, encoding, start, bytes - bytes % block);
  }

  private static boolean is64Bit(byte[] magic) throws InvalidWavException {
    String text = new String(magic, StandardCharsets.ISO_8859_1);
    String name = text.substring(0, Math.min(4, text.length()));
    if (name.equals("RIFX")) {
      throw new InvalidWavException("a little-endian WAV file, not RIFX");
    }
    if (name.equals("riff")) {
      throw new InvalidWavException("a WAV file, not Wave64");
    }
    if (!text.endsWith("WAVE") || !name.matches("RIFF|RF64|BW64")) {
      throw new InvalidWavException("a WAV file");
    }
    return !name.equals("RIFF");
  }

  /**
   * Returns the size of the samples.
   *
   * @param declared the size in the header; negative: more than a file can have
   */
  private static long dataBytes(FileChannel file, long start, long end, long declared)
      throws IOException {
    boolean known = declared == 0 ? areChunks(file, start, end) : declared != UNKNOWN_SIZE;
    return known && declared >= 0 ? Math.min(declared, end - start) : end - start;
  }

  /** Returns whether a part of the file is a sequence of complete chunks, possibly empty. */
  private static boolean areChunks(FileChannel file, long start, long end) throws IOException {
    long at = start;
    while (at + CHUNK_HEADER_BYTES <= end) {
      byte[] header = read(file, at, CHUNK_HEADER_BYTES);
      for (int i = 0; i < 4; i++) {
        if (header[i] < ' ' || header[i] > '~') {
          return false;
        }
      }
      long size = WavEncoding.littleEndian(header, 4, 4);
      if (at + CHUNK_HEADER_BYTES + size > end) {
        return false;
      }
      at += CHUNK_HEADER_BYTES + size + size % 2;
    }
    return at >= end;
  }

  /**
   * Finds out in which three of four bytes samples of 24 bits are, because the header does not say
   * it: {@code arecord} writes the low ones, and the definition of WAV is the high ones. The unused
   * byte is zero, or extends the sign if it is the high one. If the samples fit both, they are
   * taken for low ones: high ones would be quieter than -48 dBFS.
   */
  private static WavEncoding justification(FileChannel file, long start) throws IOException {
    byte[] samples = read(file, start, MAX_BYTES_TO_JUSTIFY);
    boolean low = true;
    boolean high = true;
    for (int i = 0; i + 4 <= samples.length; i += 4) {
      low &= samples[i + 3] == 0 || (samples[i + 3] == -1 && samples[i + 2] < 0);
      high &= samples[i] == 0;
    }
    if (!low && !high) {
      throw new InvalidWavException(
          "24 bits in the low or the high bytes of four, not in all four bytes");
    }
    return low ? WavEncoding.S24_LOW : WavEncoding.S24_HIGH;
  }

  /** Returns the bytes at a position; fewer if the file ends before. */
  private static byte[] read(FileChannel file, long position, int count) throws IOException {
    long present = Math.max(0, file.size() - position);
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(count, present));
    int read = 0;
    while (buffer.hasRemaining() && read >= 0) {
      read = file.read(buffer, position + buffer.position());
    }
    byte[] bytes = new byte[buffer.position()];
    buffer.flip().get(bytes);
    return bytes;
  }
}
