package dev.lavalier.access;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A value that stands in files, and that is made anew when their content changes. What changes is
 * seen by the content alone, so it does not matter whether a file is written over, replaced, or
 * reached by another link. Where the new content cannot be used, that is logged once, and the old
 * value stays.
 *
 * <p>{@link #get} may be called from any thread and never blocks; {@link #reloadIfChanged} blocks
 * for as long as the file system does, and is called by one thread at a time.
 */
public final class Reloadable<T> implements Supplier<T> {

  private static final Logger log = LoggerFactory.getLogger(Reloadable.class);

  /** Reads the files. */
  public interface ContentReader {
    /** Returns what stands in each now. */
    List<ByteBuffer> read() throws InvalidFileException;
  }

  /** Makes the value. */
  public interface Parser<T> {
    /** Makes it; its {@code toString} goes to the log. */
    T parse(List<ByteBuffer> contents) throws InvalidFileException;
  }

  private final String name;
  private final ContentReader files;
  private final Parser<T> parser;
  private List<ByteBuffer> lastContents;
  private String lastError = ""; // what is wrong with them, as logged; empty: nothing
  private volatile T value;

  /**
   * Reads the files for the first time.
   *
   * @param name what the value is, for the log
   * @throws InvalidFileException where they cannot be used
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

  /** Says what was read at first. To be called once, when there is a log. */
  public void logLoaded() {
    log.info("{}: {}", name, value);
  }

  /** Looks at the files, and returns whether there is a new value. */
  public boolean reloadIfChanged() {
    List<ByteBuffer> contents;
    try {
      contents = files.read();
    } catch (InvalidFileException e) {
      lastContents = List.of(); // whatever comes back is looked at anew
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
      log.error("{} not reloaded, the old one stays: {}", name, lastError);
    }
  }
}
