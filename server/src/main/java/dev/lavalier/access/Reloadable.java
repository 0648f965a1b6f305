package dev.lavalier.access;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A value that is parsed from files, and parsed again when their content changes. Only the content
 * counts, so a file can be overwritten, replaced, or reached by another link. If the new content
 * cannot be used, the old value stays, and the error is logged: at once, and again every minute
 * until the content can be used, because the old value can contain rights that were to be removed.
 *
 * <p>{@link #get} can be called from any thread and never blocks. {@link #reloadIfChanged} may
 * block on the file system. Only one thread at a time calls it.
 *
 * @param <T> the value
 */
public final class Reloadable<T> implements Supplier<T> {

  private static final Logger log = LoggerFactory.getLogger(Reloadable.class);

  private static final long REPEAT_NANOS = Duration.ofMinutes(1).toNanos();

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
  private String error = ""; // why the content cannot be used; empty: it can
  private String lastError = ""; // the last error as logged; empty: none
  private long lastErrorAt; // steady time of that line
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

  /**
   * Reads the files, and returns whether there is a new value.
   *
   * @param nowNanos the steady time in nanoseconds, for the repetition of errors
   */
  public boolean reloadIfChanged(long nowNanos) {
    boolean changed = reload();
    if (error.isEmpty()) {
      lastError = "";
    } else if (!error.equals(lastError) || nowNanos - lastErrorAt >= REPEAT_NANOS) {
      lastError = error;
      lastErrorAt = nowNanos;
      log.error("{} not reloaded, keeping the old one: {}", name, error);
    }
    return changed;
  }

  private boolean reload() {
    List<ByteBuffer> contents;
    try {
      contents = files.read();
    } catch (InvalidFileException e) {
      lastContents = List.of(); // so that the next readable content is parsed
      error = e.getMessage();
      return false;
    }
    if (contents.equals(lastContents)) {
      return false;
    }
    lastContents = contents;
    try {
      value = parser.parse(contents);
    } catch (InvalidFileException e) {
      error = e.getMessage();
      return false;
    }
    error = "";
    log.info("{} reloaded: {}", name, value);
    return true;
  }
}
