package dev.lavalier.client.cli;

import dev.lavalier.client.StreamStart;
import dev.lavalier.container.FlacEncoder;
import dev.lavalier.container.FlacHeader;
import dev.lavalier.container.SampleFormat;
import dev.lavalier.container.Tags;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes PCM of 16 or 24 bits as FLAC. It encodes the samples itself, so that a file can be cut at
 * each sample and has blocks of one size. The header of a file gets the number of samples and their
 * digest at the end; that of a pipe has none. For use by one thread.
 */
final class FlacOutput implements AudioOutput {

  /** Samples in a block of a file: longer blocks save little more. */
  private static final int FILE_BLOCK = 4_096;

  private static final int MIN_BLOCK = 16;
  private static final long MAX_SAMPLES = (1L << 36) - 1; // that the header can hold

  private final OutputStream out;
  private final @Nullable FileChannel file; // null: the output cannot seek
  private final StreamStart start;
  private final SampleFormat format;
  private final int blockSize;
  private final FlacEncoder encoder;
  private final ByteBuffer block; // that is not complete
  private final MessageDigest digest = md5();
  private @Nullable Tags tags; // null: nothing was written yet
  private long frames;
  private long samples;

  private FlacOutput(
      OutputStream out, @Nullable FileChannel file, StreamStart start, int blockSize) {
    this.out = out;
    this.file = file;
    this.start = start;
    this.format = SampleFormats.of(start.format());
    this.blockSize = blockSize;
    this.encoder = new FlacEncoder(format, blockSize);
    this.block = ByteBuffer.allocate(blockSize * format.bytesPerSampleFrame());
  }

  /** Creates an output to an empty file, which {@link #close} closes. */
  static FlacOutput toFile(FileChannel file, StreamStart start) {
    return new FlacOutput(Channels.newOutputStream(file), file, start, FILE_BLOCK);
  }

  /** Creates an output to a stream, which {@link #close} closes. It gets each frame at once. */
  static FlacOutput toStream(OutputStream out, StreamStart start) {
    int frame = start.frameSize();
    boolean isBlock = frame >= MIN_BLOCK && frame <= FILE_BLOCK;
    return new FlacOutput(out, null, start, isBlock ? frame : FILE_BLOCK);
  }

  private static MessageDigest md5() {
    try {
      return MessageDigest.getInstance("MD5"); // that of the format
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // each Java has it
    }
  }

  @Override
  public void write(Samples added, long captureTimeUnixNanos) throws IOException {
    begin(captureTimeUnixNanos);
    ByteBuffer pcm = added.pcm();
    digest.update(pcm.duplicate());
    samples += added.count();
    while (pcm.hasRemaining()) {
      int length = Math.min(pcm.remaining(), block.remaining());
      block.put(pcm.slice(pcm.position(), length));
      pcm.position(pcm.position() + length);
      if (!block.hasRemaining()) {
        out.write(encoder.encode(block.array(), frames++));
        block.clear();
      }
    }
  }

  private void begin(long captureTimeUnixNanos) throws IOException {
    if (tags == null) {
      tags = new Tags(LavalierCli.nameAndVersion(), start.deviceId(), captureTimeUnixNanos);
      out.write(FlacHeader.ofStream(format, blockSize, Optional.of(tags)));
    }
  }

  @Override
  public void close() throws IOException {
    try (out) {
      begin(0);
      if (block.position() > 0) {
        byte[] rest = Arrays.copyOf(block.array(), block.position());
        FlacEncoder last = new FlacEncoder(format, rest.length / format.bytesPerSampleFrame());
        out.write(last.encode(rest, frames));
      }
      if (file != null) {
        long length = samples <= MAX_SAMPLES ? samples : 0; // 0: not known
        ByteBuffer header =
            ByteBuffer.wrap(FlacHeader.ofFile(format, blockSize, length, digest.digest(), tags));
        while (header.hasRemaining()) {
          file.write(header, header.position());
        }
      }
    }
  }
}
