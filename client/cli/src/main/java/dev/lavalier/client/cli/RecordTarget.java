package dev.lavalier.client.cli;

import dev.lavalier.client.StreamStart;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The target of a recording. Opening it changes no file that exists. For use by one thread, except
 * for {@link #discard}.
 */
interface RecordTarget extends AutoCloseable {

  /** The name of standard output. */
  String STANDARD_OUTPUT = "-";

  /** The extensions of audio files that this program does not write. */
  List<String> OTHER_FORMATS =
      List.of(
          "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "au", "caf", "m4a", "mka",
          "mkv", "mp2", "mp3", "mp4", "oga", "ra", "snd", "spx", "webm", "wma", "wv");

  /**
   * Checks the name of a target without opening it.
   *
   * @param name the name on the command line
   * @param container what to write; null: what the extension means, or else WAV to a file, and raw
   *     samples to standard output
   * @param segment the length of the files; null: one file
   * @throws UsageException if the target is a terminal, is named like a file of another format or
   *     another container, or is not a valid name of segments
   * @throws CliException if it cannot be the name of a file
   */
  static RecordTarget of(
      String name, @Nullable Container container, @Nullable Duration segment, Terminal terminal) {
    if (!name.equals(STANDARD_OUTPUT)) {
      checkExtension(name);
    }
    Container checked = container(name, container);
    return segment == null
        ? SingleTarget.of(name, checked, terminal)
        : SegmentTarget.of(name, checked, segment);
  }

  private static Container container(String name, @Nullable Container chosen) {
    Optional<Container> named =
        name.equals(STANDARD_OUTPUT) ? Optional.of(Container.RAW) : Container.ofName(name);
    if (chosen == null) {
      return named.orElse(Container.WAV);
    }
    boolean isEncoded = chosen.codec().isPresent();
    if (!name.equals(STANDARD_OUTPUT)
        && named.isPresent()
        && !named.get().equals(chosen)
        && (isEncoded || named.get().codec().isPresent())) {
      throw new UsageException(
          "--container: %s (expected: %s for %s)".formatted(chosen, named.get(), name));
    }
    return chosen;
  }

  private static void checkExtension(String name) {
    String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    if (OTHER_FORMATS.contains(extension) && name.contains(".")) {
      throw new UsageException(
          ("file: %s (expected: a name that ends in .wav, .flac, .opus or .ogg; to write %s, pipe"
                  + " \"record -\" into a program such as ffmpeg)")
              .formatted(name, extension));
    }
  }

  /** Returns the exception for a file that cannot be written. */
  static CliException notWritable(String name, String reason, Exception e) {
    return new CliException(
        Printable.of("file: %s (expected: a writable file; %s)".formatted(name, reason)), e);
  }

  /** Returns the exception for a name that the system cannot express. */
  static CliException notExpressible(String name, Exception e) {
    return notWritable(
        name, "the system cannot express this name; under LC_ALL=C, set LC_ALL=C.UTF-8", e);
  }

  /** Returns what is written. */
  Container container();

  /** Returns what people call the target. */
  String displayName();

  /**
   * Opens the target.
   *
   * @throws CliException if the target cannot be written
   */
  RecordTarget open();

  /**
   * Starts the recording, on the opened target.
   *
   * @param onFailure may run on another thread if the target fails, before the next call throws
   */
  AudioOutput start(StreamStart start, Runnable onFailure) throws IOException;

  /** Returns what was written, when the output is closed. */
  String written();

  /** Returns the exception for a failed write. */
  RuntimeException failure(IOException e);

  /**
   * Deletes a file that {@link #open} created, if the recording has not started. Safe for use from
   * any thread.
   */
  void discard();

  /** Closes the target; deletes a file that was created and not used. */
  @Override
  void close();
}
