package dev.lavalier.fleet;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.lavalier.common.FailureLog;
import dev.lavalier.common.LogText;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.EpochClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Numbers epochs by a clock that is never set back, also if the wall clock was set back before a
 * restart. A file has the latest time: it is written when an epoch begins, and every 10 s, because
 * a subscription can resume at a position that is not later than the time.
 *
 * <p>Safe for use from any thread. Only {@link #open} and {@link #onEpoch} block, for as long as
 * the file system does. If the file cannot be written, that is logged, and the server continues.
 */
public final class EpochFile implements EpochClock, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(EpochFile.class);

  private static final Duration INTERVAL = Duration.ofSeconds(10);
  private static final long MAX_BYTES = 1_024;

  private final Path file;
  private final TimeSource time;
  private final FailureLog failures;
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "lavalier-fleet-state");
            thread.setDaemon(true);
            return thread;
          });

  // Guarded by this.
  private long latest; // microseconds since 1970
  private long latestNanos; // the steady time of it
  private boolean closed;

  private final Object fileLock = new Object();
  private long written; // guarded by the lock of the file

  private EpochFile(Path file, long stored, TimeSource time) {
    this.file = file;
    this.time = time;
    this.failures = new FailureLog(time, log, "writing the state of the fleet");
    this.latest = stored + 1;
    this.latestNanos = time.nanoTime();
  }

  /**
   * Reads the file, or creates it.
   *
   * @throws IOException if it cannot be read or written, or has something other than a number
   */
  public static EpochFile open(Path file, TimeSource time) throws IOException {
    EpochFile opened = new EpochFile(file, read(file), time);
    opened.write(opened.micros(time));
    opened.schedule();
    return opened;
  }

  /**
   * Returns the time in the file; 0 if there is none, or if the file is empty or damaged. A file
   * with something else may be a key: it stays as it is, and is not logged.
   */
  private static long read(Path file) throws IOException {
    if (Files.notExists(file)) {
      return 0;
    }
    if (!Files.isRegularFile(file)) {
      throw new IOException("it is not a regular file");
    }
    if (Files.size(file) <= MAX_BYTES) {
      String text = Files.readString(file, StandardCharsets.ISO_8859_1);
      if (text.chars().allMatch(each -> each <= ' ' || Character.isDigit(each))) {
        return parse(file, text.strip());
      }
    }
    throw new IOException("it has something other than the number of an epoch");
  }

  private static long parse(Path file, String text) {
    try {
      long stored = Long.parseLong(text);
      if (Blocks.isEpoch(stored)) {
        return stored;
      }
    } catch (NumberFormatException e) {
      // It is reported below.
    }
    log.warn(
        "fleet-state: {}: {} (expected: the number of an epoch); the file is replaced",
        file,
        text.isEmpty() ? "empty" : LogText.sanitizeAndTruncate(text));
    return 0;
  }

  private void schedule() {
    time.schedule(
        INTERVAL,
        () -> {
          synchronized (this) {
            if (closed) {
              return;
            }
            writer.execute(this::store);
          }
          schedule();
        });
  }

  private void store() {
    onEpoch(micros(time));
  }

  @Override
  public synchronized long micros(TimeSource clock) {
    long now = clock.nanoTime();
    long elapsed = Math.max(0, now - latestNanos) / 1_000;
    latest = Math.max(latest + elapsed, clock.unixNanos() / 1_000);
    latestNanos += 1_000 * elapsed; // not rounded each time
    return latest;
  }

  @Override
  public void onEpoch(long epoch) {
    try {
      write(epoch);
    } catch (IOException e) {
      failures.report("writing " + file, e);
    }
  }

  /** Writes a time, unless the file has a later one. */
  private void write(long micros) throws IOException {
    synchronized (fileLock) {
      if (micros <= written) {
        return;
      }
      Path temporary = file.resolveSibling(file.getFileName() + ".new");
      try (FileChannel channel = FileChannel.open(temporary, CREATE, WRITE, TRUNCATE_EXISTING)) {
        channel.write(ByteBuffer.wrap((micros + "\n").getBytes(StandardCharsets.US_ASCII)));
        channel.force(true); // before the move, or a power cut could leave an empty file
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      written = micros;
    }
  }

  /** Stops to write the file. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    writer.shutdown();
    store();
  }
}
