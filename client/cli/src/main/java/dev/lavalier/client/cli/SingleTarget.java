package dev.lavalier.client.cli;

import dev.lavalier.client.StreamStart;
import dev.lavalier.container.WavHeader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * One target for the whole recording: a file, something that cannot seek such as a FIFO, or
 * standard output. {@link #start} discards the previous content of a file.
 */
final class SingleTarget implements RecordTarget {

  private final String name;
  private final Container container;
  private final StandardOutput standardOutput;
  private final @Nullable Path path; // null: standard output
  private boolean existed;
  private @Nullable FileChannel file; // null: standard output, or not open
  private volatile boolean started;

  private SingleTarget(
      String name, Container container, StandardOutput standardOutput, @Nullable Path path) {
    this.name = name;
    this.container = container;
    this.standardOutput = standardOutput;
    this.path = path;
  }

  /** See {@link RecordTarget#of}. */
  static SingleTarget of(String name, Container container, Terminal terminal) {
    if (name.equals(STANDARD_OUTPUT)) {
      if (terminal.outIsTerminal()) {
        throw terminalRefused(name);
      }
      return new SingleTarget(name, container, terminal.output(), null);
    }
    try {
      Path path = Path.of(name);
      if (FileTypes.isTerminal(path)) {
        throw terminalRefused(name);
      }
      return new SingleTarget(name, container, terminal.output(), path);
    } catch (InvalidPathException e) {
      throw RecordTarget.notExpressible(name, e);
    }
  }

  private static UsageException terminalRefused(String name) {
    return new UsageException(
        "file: %s (expected: a file or a pipe; this is a terminal)".formatted(name));
  }

  @Override
  public Container container() {
    return container;
  }

  @Override
  public String displayName() {
    return Printable.of(path == null ? "standard output" : name);
  }

  /** {@inheritDoc} A file that does not exist is created. Waits for the reader of a FIFO. */
  @Override
  public RecordTarget open() {
    if (path != null) {
      try {
        if (Files.isDirectory(path)) {
          throw RecordTarget.notWritable(name, "it is a folder", new IOException(name));
        }
        existed = Files.exists(path, LinkOption.NOFOLLOW_LINKS);
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      } catch (IOException e) {
        throw RecordTarget.notWritable(name, FileTypes.reason(e), e);
      }
    }
    return this;
  }

  @Override
  public AudioOutput start(StreamStart start, Runnable onFailure) throws IOException {
    started = true;
    if (path != null && Files.isRegularFile(path)) {
      return container.toFile(file, start, null);
    }
    OutputStream out = path == null ? standardOutput.bytes() : Channels.newOutputStream(file);
    ReadAhead output = ReadAhead.to(container.toStream(out, start), start.format(), onFailure);
    if (container == Container.WAV) {
      ByteBuffer header = WavHeader.ofStream(SampleFormats.of(start.format()));
      output.write(Samples.pcm(header, 1), 0);
    }
    return output;
  }

  @Override
  public String written() {
    return displayName();
  }

  @Override
  public RuntimeException failure(IOException e) {
    if (path == null) {
      standardOutput.check();
      return OutputException.of(displayName(), false, e);
    }
    return FileTypes.isPipe(path)
        ? OutputException.of(displayName(), true, e)
        : RecordTarget.notWritable(name, FileTypes.reason(e), e);
  }

  @Override
  public void discard() {
    try {
      if (path != null && file != null && !existed && !started && Files.size(path) == 0) {
        Files.delete(path);
      }
    } catch (IOException e) {
      // An empty file remains, which is not worth a message.
    }
  }

  @Override
  public void close() {
    discard();
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      throw failure(e);
    }
  }
}
