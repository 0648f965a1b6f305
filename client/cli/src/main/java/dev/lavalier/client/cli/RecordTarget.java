package dev.lavalier.client.cli;

import dev.lavalier.client.PcmFormat;
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
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The target of a recording: a file, something that cannot seek such as a FIFO, or standard output.
 * Opening it changes nothing; {@link #start} discards the previous content of a file. For use by
 * one thread, except for {@link #discard}.
 */
final class RecordTarget implements AutoCloseable {

  private static final String STANDARD_OUTPUT = "-";

  /** The extensions of audio files that this program does not write. */
  private static final List<String> OTHER_FORMATS =
      List.of(
          "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "au", "caf", "flac", "m4a",
          "mka", "mkv", "mp2", "mp3", "mp4", "oga", "ogg", "opus", "ra", "snd", "spx", "webm",
          "wma", "wv");

  private final String name;
  private final Container container;
  private final StandardOutput standardOutput;
  private final @Nullable Path path; // null: standard output
  private boolean existed;
  private @Nullable FileChannel file; // null: standard output, or not open
  private volatile boolean started;

  private RecordTarget(
      String name, Container container, StandardOutput standardOutput, @Nullable Path path) {
    this.name = name;
    this.container = container;
    this.standardOutput = standardOutput;
    this.path = path;
  }

  /**
   * Checks the name of a target without opening it.
   *
   * @param name the name on the command line
   * @param container what to write; null: WAV to a file, and raw samples to standard output
   * @throws UsageException if the target is a terminal, or is named like a file of another format
   * @throws CliException if it cannot be the name of a file
   */
  static RecordTarget of(String name, @Nullable Container container, Terminal terminal) {
    if (name.equals(STANDARD_OUTPUT)) {
      if (terminal.outIsTerminal()) {
        throw terminalRefused(name);
      }
      return new RecordTarget(
          name, container == null ? Container.RAW : container, terminal.output(), null);
    }
    checkExtension(name);
    try {
      Path path = Path.of(name);
      if (FileTypes.isTerminal(path)) {
        throw terminalRefused(name);
      }
      return new RecordTarget(
          name, container == null ? Container.WAV : container, terminal.output(), path);
    } catch (InvalidPathException e) {
      throw notWritable(
          name, "the system cannot express this name; under LC_ALL=C, set LC_ALL=C.UTF-8", e);
    }
  }

  private static UsageException terminalRefused(String name) {
    return new UsageException(
        "file: %s (expected: a file or a pipe; this is a terminal)".formatted(name));
  }

  private static void checkExtension(String name) {
    String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    if (OTHER_FORMATS.contains(extension) && name.contains(".")) {
      throw new UsageException(
          "file: %s (expected: a name that ends in .wav; to write %s, pipe \"record -\" into"
                  .formatted(name, extension)
              + " a program such as ffmpeg)");
    }
  }

  private static CliException notWritable(String name, String reason, Exception e) {
    return new CliException(
        Printable.of("file: %s (expected: a writable file; %s)".formatted(name, reason)), e);
  }

  /** Returns what people call the target. */
  String displayName() {
    return Printable.of(path == null ? "standard output" : name);
  }

  /**
   * Opens the target; a file that does not exist is created. Waits for the reader of a FIFO.
   *
   * @throws CliException if the target cannot be written
   */
  RecordTarget open() {
    if (path != null) {
      try {
        if (Files.isDirectory(path)) {
          throw notWritable(name, "it is a folder", new IOException(name));
        }
        existed = Files.exists(path, LinkOption.NOFOLLOW_LINKS);
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      } catch (IOException e) {
        throw notWritable(name, FileTypes.reason(e), e);
      }
    }
    return this;
  }

  /**
   * Starts the recording, on the opened target.
   *
   * @param onFailure runs on another thread if the target fails, unless it is a regular file
   */
  PcmOutput start(PcmFormat format, Runnable onFailure) throws IOException {
    started = true;
    if (path != null && Files.isRegularFile(path)) {
      if (container == Container.WAV) {
        return new WavFile(file, format);
      }
      file.truncate(0);
      return new StreamOutput(Channels.newOutputStream(file));
    }
    OutputStream out = path == null ? standardOutput.bytes() : Channels.newOutputStream(file);
    ReadAhead output = ReadAhead.to(new StreamOutput(out), format, onFailure);
    if (container == Container.WAV) {
      ByteBuffer header = WavHeader.ofStream(format);
      output.write(header);
    }
    return output;
  }

  /** Returns the exception for a failed write. */
  RuntimeException failure(IOException e) {
    if (path == null) {
      standardOutput.check();
      return OutputException.of(displayName(), false, e);
    }
    return FileTypes.isPipe(path)
        ? OutputException.of(displayName(), true, e)
        : notWritable(name, FileTypes.reason(e), e);
  }

  /**
   * Deletes a file that {@link #open} created, if the recording has not started. Safe for use from
   * any thread.
   */
  void discard() {
    try {
      if (path != null && file != null && !existed && !started && Files.size(path) == 0) {
        Files.delete(path);
      }
    } catch (IOException e) {
      // An empty file remains, which is not worth a message.
    }
  }

  /** Closes the target; deletes a file that was created and not used. */
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
