package dev.lavalier.capture.line;

import dev.lavalier.capture.CaptureListener;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The capture thread of an open device, {@code lavalier-reader-<device>}. It runs the steps of a
 * {@link LineReading}, sleeps between them, and waits for nothing else.
 *
 * <p>{@link #start} is called once. {@link #stop}, {@link #periods} and {@link #clockPpm} may be
 * called from any other thread.
 */
final class LineReader {

  private final AudioLine line;
  private final LineReading reading;
  private final TimeSource timeSource;
  private final Thread thread;
  private @Nullable CaptureListener listener; // null: not started; set before the thread starts

  /**
   * Creates a reader that is not started.
   *
   * @param deviceId part of the thread's name
   * @param periodSamples samples per channel in one read, 1 or more
   */
  LineReader(AudioLine line, String deviceId, int periodSamples, TimeSource timeSource) {
    this.line = line;
    this.reading = new LineReading(line, deviceId, periodSamples, timeSource);
    this.timeSource = timeSource;
    this.thread = new Thread(this::run, "lavalier-reader-" + deviceId);
    thread.setDaemon(true);
  }

  /** Starts the thread, which starts the line. */
  void start(CaptureListener receiver) {
    listener = receiver;
    thread.start();
  }

  private void run() {
    reading.start(listener);
    while (!reading.ended()) {
      long next = reading.step();
      if (!reading.ended()) {
        timeSource.parkUntil(next);
      }
    }
  }

  /**
   * Stops the line and waits for the thread to end. After that the listener is not called any more.
   * The line stays open. May block for as long as the sound system does.
   *
   * @return whether the thread ended within {@code timeout}
   */
  boolean stop(Duration timeout) throws InterruptedException {
    reading.stop();
    LockSupport.unpark(thread);
    line.stop();
    LockSupport.unpark(thread);
    thread.join(timeout.toMillis());
    return !thread.isAlive();
  }

  /** See {@link LineReading#periods}. */
  long periods() {
    return reading.periods();
  }

  /** See {@link LineReading#clockPpm}. */
  OptionalDouble clockPpm() {
    return reading.clockPpm();
  }
}
