package dev.lavalier.client.cli;

import dev.lavalier.client.PcmFormat;
import dev.lavalier.container.WavHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Writes a WAV file. The header is updated every second of audio and at the end, so that a
 * recording of a killed process is complete except for the last second. Beyond 4 GiB the file
 * becomes an RF64 file. For use by one thread.
 */
final class WavFile implements AudioOutput {

  private final FileChannel file;
  private final PcmFormat format;
  private final long riffLimit;
  private long dataBytes;
  private long nextHeaderUpdateAt;

  /**
   * Starts a file and discards the previous content of the channel. {@link #close} closes the
   * channel.
   */
  WavFile(FileChannel file, PcmFormat format) throws IOException {
    this(file, format, WavHeader.NO_SIZE);
  }

  /** Starts a file that becomes RF64 beyond {@code riffLimit} bytes. */
  WavFile(FileChannel file, PcmFormat format, long riffLimit) throws IOException {
    this.file = file;
    this.format = format;
    this.riffLimit = riffLimit;
    file.truncate(0);
    file.position(writeHeader());
  }

  @Override
  public void write(Samples samples, long captureTimeUnixNanos) throws IOException {
    ByteBuffer pcm = samples.pcm();
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

  /** Writes the header for the audio so far; returns its length. */
  private int writeHeader() throws IOException {
    ByteBuffer header = WavHeader.ofFile(SampleFormats.of(format), dataBytes, riffLimit);
    int position = 0;
    while (header.hasRemaining()) {
      position += file.write(header, position);
    }
    return position;
  }
}
