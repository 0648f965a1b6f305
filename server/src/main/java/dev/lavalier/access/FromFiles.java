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
 * <p>{@link #get} may be called from any thread and never blocks; {@link #look} blocks for as long
 * as the file system does, and is called by one thread at a time.
 */
public final class FromFiles<T> implements Supplier<T> {

  private static final Logger log = LoggerFactory.getLogger(FromFiles.class);

  /** Reads the files. */
  public interface Files {
    /** Returns what stands in each now. */
    List<ByteBuffer> read() throws BadFileException;
  }

  /** Makes the value. */
  public interface Parser<T> {
    /** Makes it; its {@code toString} goes to the log. */
    T parse(List<ByteBuffer> contents) throws BadFileException;
  }

  private final String name;
  private final Files files;
  private final Parser<T> parser;
  private List<ByteBuffer> seen;
  private String reported = ""; // what is wrong with them, as logged; empty: nothing
  private volatile T value;

  /**
   * Reads the files for the first time.
   *
   * @param name what the value is, for the log
   * @throws BadFileException where they cannot be used
   */
  public FromFiles(String name, Files files, Parser<T> parser) throws BadFileException {
    this.name = name;
    this.files = files;
    this.parser = parser;
    this.seen = files.read();
    this.value = parser.parse(seen);
  }

  @Override
  public T get() {
    return value;
  }

  /** Says what was read at first. To be called once, when there is a log. */
  public void logRead() {
    log.info("{}: {}", name, value);
  }

  /** Looks at the files, and returns whether there is a new value. */
  public boolean look() {
    List<ByteBuffer> now;
    try {
      now = files.read();
    } catch (BadFileException e) {
      seen = List.of(); // whatever comes back is looked at anew
      report(e);
      return false;
    }
    if (now.equals(seen)) {
      return false;
    }
    seen = now;
    try {
      value = parser.parse(now);
    } catch (BadFileException e) {
      report(e);
      return false;
    }
    reported = "";
    log.info("{} reloaded: {}", name, value);
    return true;
  }

  private void report(BadFileException e) {
    if (!reported.equals(e.getMessage())) {
      reported = e.getMessage();
      log.error("{} not reloaded, the old one stays: {}", name, reported);
    }
  }
}
