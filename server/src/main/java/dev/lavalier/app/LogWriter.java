package dev.lavalier.app;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes lines to a stream on a thread of its own, so that a stream that nobody reads delays no
 * caller. The lines wait in a queue of bounded size, in the order in which they came. If it is
 * full, further lines are dropped and counted until half of it is free. Then {@code onDropped} gets
 * the count. Lines that the stream does not accept are counted too.
 *
 * <p>Safe for use from any thread. Only {@link #flush} and the thread of the writer wait.
 */
final class LogWriter {

  /**
   * The lines that were not written.
   *
   * @param count the number of lines
   * @param first the time of the first one
   * @param last the time of the last one
   * @param kinds the number of lines of each kind, as in "3 INFO, 1 WARN"
   */
  record Dropped(long count, Instant first, Instant last, String kinds) {}

  private static final class Line {

    final byte[] bytes;
    final String kind;
    final Instant time;

    Line(byte[] bytes, String kind, Instant time) {
      this.bytes = bytes;
      this.kind = kind;
      this.time = time;
    }
  }

  private final OutputStream out;
  private final int capacity;
  private final int reserve;
  private final Consumer<Dropped> onDropped;

  // Guarded by this.
  private final Deque<Line> queue = new ArrayDeque<>();
  private int pendingBytes; // in the queue, and the line that is being written
  private boolean full; // only urgent lines are accepted
  private final Map<String, Long> dropped = new TreeMap<>(); // by kind, since the last report
  private @Nullable Instant firstDropped; // null: none since the last report
  private Instant lastDropped = Instant.EPOCH;
  private long totalDropped;

  /**
   * Creates a writer and starts its thread.
   *
   * @param thread the name of the thread
   * @param out the stream. Writers that share one take turns
   * @param capacity the maximum size of the lines that wait, in bytes
   * @param reserve the size in bytes that is left for urgent lines beyond {@code capacity}
   * @param onDropped called on the thread of the writer when lines are written again
   */
  LogWriter(
      String thread, OutputStream out, int capacity, int reserve, Consumer<Dropped> onDropped) {
    this.out = out;
    this.capacity = capacity;
    this.reserve = reserve;
    this.onDropped = onDropped;
    Thread writer = new Thread(this::run, thread);
    writer.setDaemon(true);
    writer.start();
  }

  /**
   * Queues a line, or drops it.
   *
   * @param bytes the line with its end; not changed afterwards
   * @param kind what the line is, for the count of lost lines; one of a few words
   * @param time the time of the line
   * @param urgent whether the line is dropped only if the reserve is full too
   */
  synchronized void write(byte[] bytes, String kind, Instant time, boolean urgent) {
    int room = capacity - pendingBytes + (urgent ? reserve : 0);
    if (bytes.length > room || (full && !urgent)) {
      full |= pendingBytes > capacity / 2; // else: the line itself is too long
      count(kind, time);
      return;
    }
    queue.add(new Line(bytes, kind, time));
    pendingBytes += bytes.length;
    notifyAll();
  }

  private void count(String kind, Instant time) {
    dropped.merge(kind, 1L, Long::sum);
    totalDropped++;
    lastDropped = time;
    if (firstDropped == null) {
      firstDropped = time;
    }
  }

  /** Returns the number of lines that were dropped or not accepted by the stream. */
  synchronized long dropped() {
    return totalDropped;
  }

  /**
   * Waits until no line waits.
   *
   * @param timeout the maximum time to wait
   * @return whether all lines were handed to the stream
   */
  synchronized boolean flush(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (pendingBytes > 0) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return true;
  }

  private void run() {
    while (true) {
      try {
        writeNext();
      } catch (InterruptedException e) {
        return; // nothing interrupts this thread
      } catch (RuntimeException | Error e) {
        // A log line about it would have the same fate.
      }
    }
  }

  private void writeNext() throws InterruptedException {
    Line line = take();
    try {
      boolean written = writeOut(line);
      Dropped lost = settle(line, written);
      if (lost != null) {
        onDropped.accept(lost);
      }
    } finally {
      release(line);
    }
  }

  private synchronized Line take() throws InterruptedException {
    while (queue.isEmpty()) {
      wait();
    }
    return queue.remove();
  }

  private boolean writeOut(Line line) {
    try {
      synchronized (out) {
        out.write(line.bytes);
      }
      return true;
    } catch (IOException | RuntimeException | Error e) { // for example, the disk is full
      return false;
    }
  }

  /** Returns what was lost, if something was and lines are written again. */
  private synchronized @Nullable Dropped settle(Line line, boolean written) {
    if (!written) {
      count(line.kind, line.time);
    }
    if (pendingBytes - line.bytes.length > capacity / 2) {
      return null;
    }
    full = false;
    return written ? takeDropped() : null;
  }

  private synchronized void release(Line line) {
    pendingBytes -= line.bytes.length;
    if (pendingBytes == 0) {
      notifyAll();
    }
  }

  private @Nullable Dropped takeDropped() {
    Instant first = firstDropped;
    if (first == null) {
      return null;
    }
    long count = dropped.values().stream().mapToLong(Long::longValue).sum();
    String kinds =
        dropped.entrySet().stream()
            .map(kind -> kind.getValue() + " " + kind.getKey())
            .collect(Collectors.joining(", "));
    dropped.clear();
    firstDropped = null;
    return new Dropped(count, first, lastDropped, kinds);
  }
}
