package dev.lavalier.client.cli;

import dev.lavalier.client.StreamStart;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;

/** Files of equal length, whose names have the capture time of their first sample. */
final class SegmentTarget implements RecordTarget {

  private static final Duration MIN_LENGTH = Duration.ofMillis(100);
  private static final Duration MAX_LENGTH = Duration.ofHours(24);

  private final String name;
  private final Path folder;
  private final SegmentNames names;
  private final Container container;
  private final Duration length;
  private @Nullable SegmentFiles files; // null: not started

  private SegmentTarget(
      String name, Path folder, SegmentNames names, Container container, Duration length) {
    this.name = name;
    this.folder = folder;
    this.names = names;
    this.container = container;
    this.length = length;
  }

  /** See {@link RecordTarget#of}. */
  static SegmentTarget of(String name, Container container, Duration length) {
    if (length.compareTo(MIN_LENGTH) < 0 || length.compareTo(MAX_LENGTH) > 0) {
      throw new UsageException(
          "--segment: %s (expected: %d ms to %d h)"
              .formatted(text(length), MIN_LENGTH.toMillis(), MAX_LENGTH.toHours()));
    }
    SegmentNames names = SegmentNames.parse(name, ZoneId.systemDefault());
    try {
      return new SegmentTarget(name, existingFolder(Path.of(name)), names, container, length);
    } catch (InvalidPathException e) {
      throw RecordTarget.notExpressible(name, e);
    }
  }

  /** Returns a time in seconds, or in milliseconds if it is shorter than a second. */
  private static String text(Duration length) {
    boolean isShort = length.compareTo(Duration.ofSeconds(1)) < 0;
    String number =
        BigDecimal.valueOf(length.toNanos(), isShort ? 6 : 9).stripTrailingZeros().toPlainString();
    return number + (isShort ? " ms" : " s");
  }

  /** Returns the folder that must exist: those after it have the time in their names. */
  private static Path existingFolder(Path pattern) {
    Path folder = pattern.getParent();
    while (folder != null && folder.toString().contains("%")) {
      folder = folder.getParent();
    }
    return folder == null ? Path.of("") : folder;
  }

  @Override
  public Container container() {
    return container;
  }

  @Override
  public String displayName() {
    return Printable.of(name);
  }

  /**
   * {@inheritDoc} The names of the files are known only when the first frame arrives, so this
   * checks their folder.
   */
  @Override
  public RecordTarget open() {
    if (!Files.isDirectory(folder)) {
      throw RecordTarget.notWritable(
          name,
          "the folder %s does not exist".formatted(Printable.of(folder.toString())),
          new IOException(name));
    }
    if (!Files.isWritable(folder)) {
      throw RecordTarget.notWritable(name, "no permission", new IOException(name));
    }
    return this;
  }

  /** {@inheritDoc} A slow disk does not delay the reading, except if it is slow for minutes. */
  @Override
  public AudioOutput start(StreamStart start, Runnable onFailure) {
    OpusNeighbors neighbors = container == Container.OGG ? new OpusNeighbors(start) : null;
    files =
        new SegmentFiles(
            names, length, start.format(), file -> container.toFile(file, start, neighbors));
    AudioOutput output = neighbors == null ? files : neighbors.toOutput(files);
    return ReadAhead.to(output, start.format(), onFailure);
  }

  @Override
  public String written() {
    if (files == null || files.last() == null) {
      return "0 segments";
    }
    return files.count() == 1
        ? Printable.of(files.last().toString())
        : "%d segments (the last one is %s)"
            .formatted(files.count(), Printable.of(files.last().toString()));
  }

  @Override
  public RuntimeException failure(IOException e) {
    // The failure of the writing thread is the cause; that of the close comes as it is.
    Throwable failed = e instanceof FileSystemException ? e : e.getCause();
    return failed instanceof FileSystemException cause && cause.getFile() != null
        ? RecordTarget.notWritable(cause.getFile(), FileTypes.reason(cause), e)
        : RecordTarget.notWritable(name, FileTypes.reason(e), e);
  }

  /** Does nothing: a file is created only with its first sample. */
  @Override
  public void discard() {}

  @Override
  public void close() {}
}
