package dev.lavalier.capture.virtual;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Builds WAV files byte by byte, also with contradictions. For use by one thread. */
final class TestWav {

  static final int PCM = 1;
  static final int FLOAT = 3;
  static final int A_LAW = 6;
  static final int MU_LAW = 7;
  static final int EXTENSIBLE = 0xfffe;

  /** The size of a chunk that was not known when it was written. */
  static final int UNKNOWN_SIZE = -1;

  private static final byte[] SUB_FORMAT_END = {
    0, 0, 0, 0, 0x10, 0, (byte) 0x80, 0, 0, (byte) 0xaa, 0, 0x38, (byte) 0x9b, 0x71
  };

  private final ByteArrayOutputStream chunks = new ByteArrayOutputStream();

  /** Starts a file. */
  static TestWav file() {
    return new TestWav();
  }

  /** Returns a whole file without contradictions. */
  static byte[] of(int tag, int rate, int channels, int bits, byte[] samples) {
    return file().format(tag, channels, rate, channels * bits / 8, bits).data(samples).riff();
  }

  /** Adds a fmt chunk of 16 bytes. */
  TestWav format(int tag, int channels, int rate, int blockAlign, int bits) {
    return chunk("fmt ", fields(tag, channels, rate, blockAlign, bits).toByteArray());
  }

  /** Adds a fmt chunk with a sub-format. */
  TestWav extensible(int subTag, int channels, int rate, int bits, int validBits) {
    ByteArrayOutputStream fields = fields(EXTENSIBLE, channels, rate, channels * bits / 8, bits);
    fields.writeBytes(integers(2, 22, validBits));
    fields.writeBytes(integers(4, 0));
    fields.writeBytes(integers(2, subTag));
    fields.writeBytes(SUB_FORMAT_END);
    return chunk("fmt ", fields.toByteArray());
  }

  private static ByteArrayOutputStream fields(
      int tag, int channels, int rate, int blockAlign, int bits) {
    ByteArrayOutputStream fields = new ByteArrayOutputStream();
    fields.writeBytes(integers(2, tag, channels));
    fields.writeBytes(integers(4, rate, (long) rate * blockAlign));
    fields.writeBytes(integers(2, blockAlign, bits));
    return fields;
  }

  /** Adds a ds64 chunk. */
  TestWav ds64(long dataBytes) {
    ByteArrayOutputStream sizes = new ByteArrayOutputStream();
    sizes.writeBytes(integers(8, 0, dataBytes, 0));
    sizes.writeBytes(integers(4, 0));
    return chunk("ds64", sizes.toByteArray());
  }

  /** Adds the samples. */
  TestWav data(byte[] samples) {
    return chunk("data", samples);
  }

  /** Adds a chunk, with a byte of padding if it needs one. */
  TestWav chunk(String id, byte[] content) {
    chunk(id, content.length, content);
    if (content.length % 2 != 0) {
      chunks.write(0);
    }
    return this;
  }

  /** Adds a chunk that declares a size. */
  TestWav chunk(String id, int size, byte[] content) {
    chunks.writeBytes(id.getBytes(StandardCharsets.ISO_8859_1));
    chunks.writeBytes(int32(size));
    chunks.writeBytes(content);
    return this;
  }

  /** Returns the file with the right size. */
  byte[] riff() {
    return bytes("RIFF", 4 + chunks.size());
  }

  /** Returns the file. */
  byte[] bytes(String magic, int size) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(magic.getBytes(StandardCharsets.ISO_8859_1));
    file.writeBytes(int32(size));
    file.writeBytes("WAVE".getBytes(StandardCharsets.ISO_8859_1));
    file.writeBytes(chunks.toByteArray());
    return file.toByteArray();
  }

  /** Returns numbers of some bytes each, little-endian. */
  static byte[] integers(int bytes, long... values) {
    byte[] result = new byte[bytes * values.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (byte) (values[i / bytes] >> (8 * (i % bytes)));
    }
    return result;
  }

  private static byte[] int32(int value) {
    return integers(4, value);
  }
}
