package dev.lavalier.capture.virtual;

import dev.lavalier.capture.virtual.VirtualDevice.SampleSource;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Plays a WAV file in a loop. Once in each second of audio, and if the file is shorter than it was,
 * the file is compared with the one that is played. If it was changed or replaced, the new one is
 * played, or the read fails if it has another format or cannot be played. Used by one thread.
 */
final class WavLoop implements SampleSource {

  /** The part of the file that is in memory. A file that is not larger is read once. */
  private static final int BLOCK_BYTES = 1 << 16;

  private final byte[] block = new byte[BLOCK_BYTES];
  private WavFile file;
  private long position; // of the first sample after the block, in the samples of the file
  private int blockAt;
  private int blockEnd;
  private long unchecked; // bytes played since the file was compared

  /** Creates a loop that begins with the first sample. It closes the file. */
  WavLoop(WavFile file) {
    this.file = file;
  }

  @Override
  public void read(byte[] to, int offset, int length) throws IOException {
    checkVersion(length);
    int played = file.header().format().bytesPerSampleFrame();
    int at = offset;
    while (at < offset + length) {
      if (blockAt == blockEnd) {
        fill();
      }
      WavEncoding encoding = file.header().encoding();
      int sample = file.header().blockBytes();
      int samples = Math.min((offset + length - at) / played, (blockEnd - blockAt) / sample);
      int values = samples * file.header().format().channelCount();
      encoding.convert(block, blockAt, to, at, values);
      blockAt += samples * sample;
      at += samples * played;
    }
  }

  private void checkVersion(int length) throws IOException {
    unchecked += length;
    long second =
        (long) file.header().format().bytesPerSampleFrame() * file.header().format().sampleRateHz();
    if (unchecked >= second) {
      unchecked = 0;
      if (!FileVersion.of(file.path()).equals(file.version())) {
        reopen();
      }
    }
  }

  private void fill() throws IOException {
    if (position == file.header().dataBytes()) {
      position = 0;
    }
    if (position == 0 && blockEnd == file.header().dataBytes()) {
      rewind();
      return;
    }
    if (!readBlock()) {
      reopen();
      if (!readBlock()) {
        throw new EOFException(file.path() + " contains no samples");
      }
    }
  }

  private void rewind() {
    position = blockEnd;
    blockAt = 0;
  }

  /** Returns whether there were any samples at the position. */
  private boolean readBlock() throws IOException {
    WavHeader header = file.header();
    int wanted = (int) Math.min(block.length, header.dataBytes() - position);
    ByteBuffer buffer = ByteBuffer.wrap(block, 0, wanted - wanted % header.blockBytes());
    while (buffer.hasRemaining()) {
      long from = header.dataStart() + position + buffer.position();
      if (file.channel().read(buffer, from) < 0) {
        break;
      }
    }
    blockAt = 0;
    blockEnd = buffer.position() - buffer.position() % header.blockBytes();
    position += blockEnd;
    return blockEnd > 0;
  }

  /** Continues at the same position if it is the same file, and not shorter. */
  private void reopen() throws IOException {
    WavFile now = WavFile.openAgain(file.path(), file.header().format());
    long next = position - (blockEnd - blockAt);
    boolean continues =
        Objects.equals(now.version().key(), file.version().key())
            && now.header().blockBytes() == file.header().blockBytes()
            && next < now.header().dataBytes();
    position = continues ? next : 0;
    blockAt = 0;
    blockEnd = 0;
    file.close();
    file = now;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
