package dev.lavalier.client.cli;

import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;

/**
 * Writes a WAV file. The header is updated every second of audio and at the end, so that a
 * recording of a killed process is complete except for the last second.
 *
 * <p>Beyond 4 GiB the file becomes an RF64 file: a JUNK chunk reserves the space for the 64-bit
 * sizes (EBU Tech 3306). More than two channels, or more than 16 bits, are written as
 * WAVE_FORMAT_EXTENSIBLE, as Microsoft's "Multiple channel audio data and WAVE files" requires. For
 * use by one thread.
 */
final class WavFile implements PcmOutput {

  private static final int DS64_BYTES = 28;
  private static final int PCM = 1;
  private static final int IEEE_FLOAT = 3;
  private static final int EXTENSIBLE = 0xFFFE;
  private static final long SIZE_IN_DS64 = 0xFFFF_FFFFL;

  /** The last 14 bytes of the GUIDs whose first two are PCM or IEEE_FLOAT. */
  private static final byte[] SUBFORMAT_TAIL = {
    0, 0, 0, 0, 0x10, 0, (byte) 0x80, 0, 0, (byte) 0xAA, 0, 0x38, (byte) 0x9B, 0x71
  };

  private final FileChannel file;
  private final PcmFormat format;
  private final long riffLimit;
  private final int headerBytes;
  private long dataBytes;
  private long nextHeaderUpdateAt;

  /**
   * Starts a file and discards the previous content of the channel. {@link #close} closes the
   * channel.
   */
  WavFile(FileChannel file, PcmFormat format) throws IOException {
    this(file, format, SIZE_IN_DS64);
  }

  /** Starts a file that becomes RF64 beyond {@code riffLimit} bytes. */
  WavFile(FileChannel file, PcmFormat format, long riffLimit) throws IOException {
    this.file = file;
    this.format = format;
    this.riffLimit = riffLimit;
    this.headerBytes = header().remaining();
    file.truncate(0);
    writeHeader();
    file.position(headerBytes);
  }

  @Override
  public void write(ByteBuffer pcm) throws IOException {
    while (pcm.hasRemaining()) {
      dataBytes += file.write(pcm);
    }
    if (dataBytes >= nextHeaderUpdateAt) {
      writeHeader();
      nextHeaderUpdateAt = dataBytes + (long) format.sampleRateHz() * format.bytesPerSampleFrame();
    }
  }

  @Override
  public void close() throws IOException {
    try (file) {
      if (dataBytes % 2 == 1) { // chunks are padded to even lengths
        file.write(ByteBuffer.allocate(1));
      }
      writeHeader();
    }
  }

  private void writeHeader() throws IOException {
    ByteBuffer header = header();
    for (int position = 0; header.hasRemaining(); ) {
      position += file.write(header, position);
    }
  }

  private ByteBuffer header() {
    ByteBuffer buffer = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
    long riffBytes = headerBytes - 8 + dataBytes + dataBytes % 2;
    boolean large = riffBytes >= riffLimit;
    putText(buffer, large ? "RF64" : "RIFF").putInt((int) (large ? SIZE_IN_DS64 : riffBytes));
    putText(buffer, "WAVE");
    putText(buffer, large ? "ds64" : "JUNK").putInt(DS64_BYTES);
    buffer
        .putLong(large ? riffBytes : 0)
        .putLong(large ? dataBytes : 0)
        .putLong(large ? dataBytes / format.bytesPerSampleFrame() : 0)
        .putInt(0);
    putFormat(buffer);
    putText(buffer, "data").putInt((int) (large ? SIZE_IN_DS64 : dataBytes));
    return buffer.flip();
  }

  private void putFormat(ByteBuffer buffer) {
    int bytes = format.encoding().bytesPerSample();
    int tag = format.encoding() == SampleEncoding.F32LE ? IEEE_FLOAT : PCM;
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
