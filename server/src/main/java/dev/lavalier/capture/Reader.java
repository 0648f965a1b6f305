package dev.lavalier.capture;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.Ticker;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that reads an open device: {@code lavalier-reader-<device>}. It waits for a whole
 * period, reads it, stamps it, hands it to its listener, and waits for nothing else.
 *
 * <p>{@link #start} is called once; {@link #stop} from any other thread.
 */
public final class Reader {

  private static final Logger log = LoggerFactory.getLogger(Reader.class);

  /** The shortest wait between two looks at the line. */
  private static final long POLL_NANOS = 1_000_000;

  /** What becomes of the periods. Called by the reader's thread alone; must not block. */
  public interface Listener {
    /**
     * Takes one period.
     *
     * @param pcm the audio; the reader's own array, only lent for the call
     * @param sampleIndex the number of its first sample, counted from 0 at the start
     * @param captureUnixNanos an estimate of when that sample was captured
     */
    void onPeriod(byte[] pcm, long sampleIndex, long captureUnixNanos);

    /**
     * Tells that the line gave out without being stopped. The last call.
     *
     * @param message what was seen, in one sentence
     */
    void onLost(String message);
  }

  private final CaptureLine line;
  private final int periodSamples;
  private final Ticker ticker;
  private final Listener listener;
  private final Thread thread;
  private volatile boolean stopping;

  /**
   * Makes a reader that has not begun.
   *
   * @param deviceId for the thread's name
   * @param periodSamples samples of one read, 1 or more
   */
  public Reader(
      CaptureLine line, String deviceId, int periodSamples, Ticker ticker, Listener listener) {
    this.line = line;
    this.periodSamples = periodSamples;
    this.ticker = ticker;
    this.listener = listener;
    this.thread = new Thread(this::run, "lavalier-reader-" + deviceId);
    thread.setDaemon(true);
  }

  /** Starts the thread, and the line on it. */
  public void start() {
    thread.start();
  }

  /**
   * Stops the line and waits for the thread's end. After that no listener is called any more. The
   * line stays open.
   *
   * @return whether the thread ended within {@code bound}
   */
  public boolean stop(Duration bound) throws InterruptedException {
    stopping = true;
    line.stop();
    LockSupport.unpark(thread);
    thread.join(bound.toMillis());
    return !thread.isAlive();
  }

  private void run() {
    try {
      line.start();
      readUntilStopped();
    } catch (RuntimeException e) {
      if (!stopping) {
        log.warn("reading {} failed", thread.getName(), e);
        listener.onLost("the sound system failed: " + e);
      }
    }
  }

  private void readUntilStopped() {
    PcmFormat format = line.format();
    byte[] period = new byte[periodSamples * format.bytesPerSample()];
    long position = 0;
    while (true) {
      awaitPeriod(format);
      int read = stopping ? 0 : line.read(period);
      if (stopping) {
        return;
      }
      if (read < periodSamples) {
        listener.onLost(
            "the line gave %d of %d samples without being stopped".formatted(read, periodSamples));
        return;
      }
      long behind = (long) periodSamples + line.available();
      listener.onPeriod(period, position, ticker.unixNanos() - format.nanosOf(behind));
      position += periodSamples;
    }
  }

  /**
   * Waits until a whole period is there. A blocking read would do, but it sleeps a quarter of the
   * line's buffer at a time. Some sound servers deliver in lumps, so that the missing samples say
   * only how long it takes at most: half of that is waited, then asked again.
   */
  private void awaitPeriod(PcmFormat format) {
    int missing;
    while (!stopping && (missing = periodSamples - line.available()) > 0) {
      long wait = Math.max(POLL_NANOS, format.nanosOf(missing) / 2);
      ticker.parkUntil(ticker.nanoTime() + wait);
    }
  }
}
