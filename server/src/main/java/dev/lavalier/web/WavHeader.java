package dev.lavalier.web;

import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.SampleEncoding;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The header of a WAV stream without an end. */
final class WavHeader {

  private static final int BYTES = 44;
  private static final int FORMAT_BYTES = 16;
  private static final short PCM = 1;
  private static final short IEEE_FLOAT = 3;

  /** The largest size, which players take for an unknown one. */
  private static final int UNKNOWN_SIZE = 0xFFFF_FFFF;

  private WavHeader() {}

  /** Returns the bytes of the header. */
  static byte[] of(AudioFormat format) {
    int sampleFrame = bytesPerSampleFrame(format);
    short type = format.getEncoding() == SampleEncoding.SAMPLE_ENCODING_F32LE ? IEEE_FLOAT : PCM;
    return ByteBuffer.allocate(BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(ascii("RIFF"))
        .putInt(UNKNOWN_SIZE)
        .put(ascii("WAVEfmt "))
        .putInt(FORMAT_BYTES)
        .putShort(type)
        .putShort((short) format.getChannelCount())
        .putInt(format.getSampleRateHz())
        .putInt(format.getSampleRateHz() * sampleFrame)
        .putShort((short) sampleFrame)
        .putShort((short) (8 * bytesPerSample(format.getEncoding())))
        .put(ascii("data"))
        .putInt(UNKNOWN_SIZE)
        .array();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Returns the number of bytes of one sample of all channels. */
  static int bytesPerSampleFrame(AudioFormat format) {
    return format.getChannelCount() * bytesPerSample(format.getEncoding());
  }

  private static int bytesPerSample(SampleEncoding encoding) {
    return switch (encoding) {
      case SAMPLE_ENCODING_S16LE -> 2;
      case SAMPLE_ENCODING_S24LE -> 3;
      case SAMPLE_ENCODING_S32LE, SAMPLE_ENCODING_F32LE -> 4;
      case SAMPLE_ENCODING_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("encoding: " + encoding); // no stream has it
    };
  }
}
