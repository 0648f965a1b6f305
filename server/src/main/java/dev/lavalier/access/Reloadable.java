package dev.lavalier.access;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A value that is parsed from files, and parsed again when their content changes. Only the content
 * counts, so a file can be overwritten, replaced, or reached by another link. If the new content
 * cannot be used, the error is logged once, and the old value stays.
 *
 * <p>{@link #get} can be called from any thread and never blocks. {@link #reloadIfChanged} may
 * block on the file system. Only one thread at a time calls it.
 *
 * @param <T> the value
 */
public final class Reloadable<T> implements Supplier<T> {

  private static final Logger log = LoggerFactory.getLogger(Reloadable.class);

  /** Reads the files. */
  public interface ContentReader {
    /** Returns the current content of each file. */
    List<ByteBuffer> read() throws InvalidFileException;
  }

  /** Parses the value. */
  public interface Parser<T> {
    /** Returns the value of the contents. Its {@code toString} is logged. */
    T parse(List<ByteBuffer> contents) throws InvalidFileException;
  }

  private final String name;
  private final ContentReader files;
  private final Parser<T> parser;
  private List<ByteBuffer> lastContents;
  private String lastError = ""; // the last error as logged; empty: none
  private volatile T value;

  /**
   * Reads the files for the first time.
   *
   * @param name the name of the value, for the log
   * @throws InvalidFileException if they cannot be used
   */
  public Reloadable(String name, ContentReader files, Parser<T> parser)
      throws InvalidFileException {
    this.name = name;
    this.files = files;
    this.parser = parser;
    this.lastContents = files.read();
    this.value = parser.parse(lastContents);
  }

  @Override
  public T get() {
    return value;
  }

  /** Logs the first value. Called once, after logging is configured. */
  public void logLoaded() {
    log.info("{}: {}", name, value);
  }

  /** Reads the files, and returns whether there is a new value. */
  public boolean reloadIfChanged() {
    List<ByteBuffer> contents;
    try {
      contents = files.read();
    } catch (InvalidFileException e) {
      lastContents = List.of(); // so that the next readable content is parsed
      logError(e);
      return false;
    }
    if (contents.equals(lastContents)) {
      return false;
    }
    lastContents = contents;
    try {
      value = parser.parse(contents);
    } catch (InvalidFileException e) {
      logError(e);
      return false;
    }
    lastError = "";
    log.info("{} reloaded: {}", name, value);
    return true;
  }

  private void logError(InvalidFileException e) {
    if (!lastError.equals(e.getMessage())) {
      lastError = e.getMessage();
      log.error("{} not reloaded, keeping the old one: {}", name, lastError);
    }
  }
}
