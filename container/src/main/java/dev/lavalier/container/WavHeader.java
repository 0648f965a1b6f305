package dev.lavalier.container;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The header of a WAV file. More than two channels, or more than 16 bits, are written as
 * WAVE_FORMAT_EXTENSIBLE, as Microsoft's "Multiple channel audio data and WAVE files" requires.
 */
public final class WavHeader {

  /** The largest size that a RIFF header can hold, and the value for a size that it does not. */
  public static final long NO_SIZE = 0xFFFF_FFFFL;

  private static final int MAX_BYTES = 128;
  private static final int DS64_BYTES = 28;
  private static final int PCM = 1;
  private static final int IEEE_FLOAT = 3;
  private static final int EXTENSIBLE = 0xFFFE;

  /** The last 14 bytes of the GUIDs whose first two are PCM or IEEE_FLOAT. */
  private static final byte[] SUBFORMAT_TAIL = {
    0, 0, 0, 0, 0x10, 0, (byte) 0x80, 0, 0, (byte) 0xAA, 0, 0x38, (byte) 0x9B, 0x71
  };

  private WavHeader() {}

  /**
   * Returns the header of a stream whose length is not known when it starts. Readers take {@code
   * 0xFFFFFFFF} for "until the end".
   */
  public static ByteBuffer ofStream(SampleFormat format) {
    ByteBuffer buffer = ByteBuffer.allocate(MAX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    putText(buffer, "RIFF").putInt((int) NO_SIZE);
    putText(buffer, "WAVE");
    putFormat(buffer, format);
    putText(buffer, "data").putInt((int) NO_SIZE);
    return buffer.flip();
  }

  /**
   * Returns the header of a file. Beyond {@code riffLimit} bytes it is an RF64 file: a JUNK chunk
   * reserves the space for the 64-bit sizes (EBU Tech 3306), so all headers of a format have the
   * same length.
   *
   * @param dataBytes the bytes of audio, without the padding
   * @param riffLimit {@link #NO_SIZE}, except in tests
   */
  public static ByteBuffer ofFile(SampleFormat format, long dataBytes, long riffLimit) {
    ByteBuffer buffer = ByteBuffer.allocate(MAX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    putText(buffer, "RIFF").putInt(0);
    putText(buffer, "WAVE");
    int ds64 = buffer.position();
    putText(buffer, "JUNK").putInt(DS64_BYTES);
    buffer.putLong(0).putLong(0).putLong(0).putInt(0);
    putFormat(buffer, format);
    putText(buffer, "data").putInt((int) dataBytes);
    int end = buffer.position();
    long riffBytes = end - 8 + dataBytes + dataBytes % 2; // chunks are padded to even lengths
    if (riffBytes < riffLimit) {
      return buffer.putInt(4, (int) riffBytes).flip();
    }
    putText(buffer.position(0), "RF64").putInt((int) NO_SIZE);
    putText(buffer.position(ds64), "ds64").putInt(DS64_BYTES);
    buffer.putLong(riffBytes).putLong(dataBytes).putLong(dataBytes / format.bytesPerSampleFrame());
    return buffer.putInt(end - 4, (int) NO_SIZE).position(end).flip();
  }

  private static void putFormat(ByteBuffer buffer, SampleFormat format) {
    int bytes = format.bytesPerSample();
    int tag = format.isFloat() ? IEEE_FLOAT : PCM;
    boolean extensible = format.channelCount() > 2 || (tag == PCM && bytes > 2);
    putText(buffer, "fmt ").putInt(extensible ? 40 : tag == PCM ? 16 : 18);
    buffer
        .putShort((short) (extensible ? EXTENSIBLE : tag))
        .putShort((short) format.channelCount())
        .putInt(format.sampleRateHz())
        .putInt(format.sampleRateHz() * format.bytesPerSampleFrame())
        .putShort((short) format.bytesPerSampleFrame())
        .putShort((short) (8 * bytes));
    if (extensible) {
      buffer.putShort((short) 22).putShort((short) (8 * bytes)).putInt(0); // no speaker positions
      buffer.putShort((short) tag).put(SUBFORMAT_TAIL);
    } else if (tag != PCM) {
      buffer.putShort((short) 0); // the size of the extension, which readers require
    }
  }

  private static ByteBuffer putText(ByteBuffer buffer, String fourCharacters) {
    return buffer.put(fourCharacters.getBytes(StandardCharsets.US_ASCII));
  }
}
