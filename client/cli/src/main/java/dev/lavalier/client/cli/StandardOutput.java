package dev.lavalier.client.cli;

import dev.lavalier.client.pipe.PipeWatch;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Standard output, as text and as bytes. It remembers the first failed write, which a {@link
 * PrintStream} does not report. Nothing is buffered. Safe for use from any thread.
 */
final class StandardOutput {

  private final OutputStream bytes;
  private final PrintStream text;
  private final BooleanSupplier isPipe;
  private final ReaderWatch readerWatch;
  private volatile @Nullable IOException failure;

  /** Reports that the reader of a pipe has closed it. */
  interface ReaderWatch {
    /** Starts to watch the pipe; returns what ends the watch. */
    Runnable start(Runnable onReaderLeft);
  }

  /**
   * Creates the output.
   *
   * @param target takes the bytes
   * @param charset the encoding of text
   * @param isPipe whether the target is a pipe or a socket, so that its reader can close it
   * @param readerWatch watches the target if it is a pipe
   */
  StandardOutput(
      OutputStream target, Charset charset, BooleanSupplier isPipe, ReaderWatch readerWatch) {
    this.bytes = new Checked(target);
    this.text = new PrintStream(bytes, true, charset);
    this.isPipe = isPipe;
    this.readerWatch = readerWatch;
  }

  /** Returns the standard output of this process. */
  static StandardOutput system() {
    return new StandardOutput(
        new FileOutputStream(FileDescriptor.out),
        charset(),
        () -> FileTypes.isPipe(1),
        onReaderLeft -> PipeWatch.start(1, onReaderLeft)::close);
  }

  /** Returns the encoding that {@code System.out} uses; it depends on the version of Java. */
  private static Charset charset() {
    String name =
        System.getProperty("stdout.encoding", System.getProperty("sun.stdout.encoding", ""));
    return name.isEmpty() ? Charset.defaultCharset() : Charset.forName(name);
  }

  /** Returns the stream for text. It never throws; see {@link #check}. */
  PrintStream text() {
    return text;
  }

  /** Returns the stream for bytes. It throws if a write fails, or if an earlier one failed. */
  OutputStream bytes() {
    return bytes;
  }

  /** Returns whether a write has failed. */
  boolean failed() {
    return failure != null;
  }

  /**
   * Runs a task, and ends it if standard output is a pipe whose reader leaves, also if nothing is
   * written. Without epoll, that is noticed only at the next write.
   *
   * @param end ends the task; runs on another thread
   */
  <E extends Exception> void whileRead(Task<E> task, Runnable end) throws E {
    Runnable stop = isPipe.getAsBoolean() ? readerWatch.start(end) : () -> {};
    try {
      task.run();
    } finally {
      stop.run();
    }
  }

  /** A task that can fail. */
  interface Task<E extends Exception> {
    void run() throws E;
  }

  /**
   * Throws if a write has failed.
   *
   * @throws OutputException with what to do about it
   */
  void check() {
    IOException e = failure;
    if (e != null) {
      throw OutputException.of("standard output", isPipe.getAsBoolean(), e);
    }
  }

  /** Writes to the target until the first failure. */
  private final class Checked extends OutputStream {
    private final OutputStream target;

    Checked(OutputStream target) {
      this.target = target;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      if (failure != null) {
        throw new IOException(failure);
      }
      try {
        target.write(from, offset, length);
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }
  }
}
