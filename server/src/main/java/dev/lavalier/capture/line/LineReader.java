package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.Period;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The capture thread of an open device, {@code lavalier-reader-<device>}. It sleeps until the next
 * period is due, reads exactly one period, timestamps it, passes it to the listener, and waits for
 * nothing else. If a read returns fewer samples than requested, the device counts as lost: a lost
 * ALSA device returns no samples, at once and for ever, so further reads would spin.
 *
 * <p>{@link #start} is called once. {@link #stop}, {@link #periods} and {@link #clockPpm} may be
 * called from any other thread.
 */
final class LineReader {

  private static final Logger log = LoggerFactory.getLogger(LineReader.class);

  /** Interval between polls of a line whose period is late. */
  private static final long POLL_NANOS = 500_000;

  /** Interval between polls of a line whose period is very late. */
  private static final long SLOW_POLL_NANOS = 5_000_000;

  /**
   * The first samples arrive within this time, or the source has none for now. The line is then
   * polled slowly.
   */
  private static final long FIRST_SAMPLES_TIMEOUT_NANOS = 3_000_000_000L;

  /** Interval between measurements of the exact time at which samples arrive. */
  private static final long PROBE_INTERVAL_NANOS = 1_000_000_000L;

  /**
   * A device that delivers exact zeros for this long is muted, or the server has no permission to
   * use it.
   */
  private static final long SILENCE_NANOS = 5_000_000_000L;

  private final AudioLine line;
  private final PcmFormat format;
  private final int periodSamples;
  private final TimeSource timeSource;
  private @Nullable CaptureListener listener; // null: not started; set before the thread starts
  private final Thread thread;
  private volatile boolean stopping;
  private volatile long periods;
  private volatile double clockPpm = Double.NaN; // NaN: not precise enough yet

  // Used only by the capture thread.
  private final DeviceClock clock;
  private final Pacer pacer;
  private long position; // samples of this epoch so far, including lost samples
  private long lastCaptureNanos = Long.MIN_VALUE;
  private long lastPeriodNanos;
  private long zeroSamples;
  private int backlogSamples; // samples that were left in the line after the last read
  private long nextProbeAt; // steady time of the next measurement of an arrival

  /**
   * Creates a reader that is not started.
   *
   * @param deviceId part of the thread's name
   * @param periodSamples samples per channel in one read, 1 or more
   */
  LineReader(AudioLine line, String deviceId, int periodSamples, TimeSource timeSource) {
    this.line = line;
    this.format = line.format();
    this.periodSamples = periodSamples;
    this.timeSource = timeSource;
    this.clock = new DeviceClock(format, format.nanosOf(line.bufferSamples()));
    this.pacer = new Pacer(format.nanosOf(periodSamples));
    this.thread = new Thread(this::run, "lavalier-reader-" + deviceId);
    thread.setDaemon(true);
  }

  /** Starts the thread, which starts the line. */
  void start(CaptureListener receiver) {
    listener = receiver;
    thread.start();
  }

  /**
   * Stops the line and waits for the thread to end. After that the listener is not called any more.
   * The line stays open. May block for as long as the sound system does.
   *
   * @return whether the thread ended within {@code timeout}
   */
  boolean stop(Duration timeout) throws InterruptedException {
    stopping = true;
    LockSupport.unpark(thread);
    line.stop();
    LockSupport.unpark(thread);
    thread.join(timeout.toMillis());
    return !thread.isAlive();
  }

  /** Returns the number of periods that have been delivered. */
  long periods() {
    return periods;
  }

  /**
   * Returns how much faster the device's clock runs than the time source, in parts per million;
   * empty until it is measured to within 5 ppm, which takes at least a minute.
   */
  OptionalDouble clockPpm() {
    double ppm = clockPpm;
    return Double.isNaN(ppm) ? OptionalDouble.empty() : OptionalDouble.of(ppm);
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
    byte[] period = new byte[periodSamples * format.bytesPerSampleFrame()];
    boolean started = false;
    while (true) {
      boolean waited = awaitPeriod(started);
      int read = stopping ? 0 : line.read(period);
      if (stopping) {
        return;
      }
      if (read < periodSamples) {
        listener.onLost("a read returned %d of %d samples".formatted(read, periodSamples));
        return;
      }
      long now = timeSource.nanoTime();
      updateClock(now, waited, started);
      started = true;
      deliver(period, now);
    }
  }

  /**
   * Waits until the next period is due and available. Returns whether it was not available when it
   * was due.
   */
  private boolean awaitPeriod(boolean started) {
    while (started && !stopping && timeSource.nanoTime() < pacer.due()) {
      boolean probing = timeSource.nanoTime() >= nextProbeAt;
      timeSource.parkUntil(
          probing ? Math.min(pacer.due(), timeSource.nanoTime() + POLL_NANOS) : pacer.due());
      if (probing) {
        recordArrival(line.available());
      }
    }
    boolean waited = false;
    long slowFrom =
        timeSource.nanoTime() + (started ? 2 * Pacer.MAX_DELAY_NANOS : FIRST_SAMPLES_TIMEOUT_NANOS);
    int available;
    while (!stopping && (available = line.available()) < periodSamples) {
      recordArrival(available);
      waited = true;
      long now = timeSource.nanoTime();
      timeSource.parkUntil(now + (now > slowFrom ? SLOW_POLL_NANOS : POLL_NANOS));
    }
    return waited;
  }

  /** Records an arrival if more samples are available than at the last poll. */
  private void recordArrival(int available) {
    long now = timeSource.nanoTime();
    if (available > backlogSamples && position > 0 && now >= nextProbeAt) {
      clock.recordArrival(now, position + available);
      clockPpm = clock.isConverged() ? clock.driftPpm() : Double.NaN;
      nextProbeAt = now + PROBE_INTERVAL_NANOS;
    }
    backlogSamples = available;
  }

  private void updateClock(long now, boolean waited, boolean started) {
    backlogSamples = line.available();
    if (started) {
      if (now - Math.max(pacer.due(), lastPeriodNanos) > Pacer.MAX_DELAY_NANOS) {
        clock.resetWindow();
      }
    } else {
      pacer.start(now);
    }
    pacer.onPeriodReleased(now, waited, format.nanosOf(backlogSamples));
    // The first observation is always used, because the clock needs an origin.
    if (!started || backlogSamples <= format.samplesIn(Pacer.MAX_DELAY_NANOS) + periodSamples) {
      long lost = clock.observe(now, position + periodSamples + backlogSamples);
      if (lost > 0) {
        position += lost;
        pacer.skip(now, format.nanosOf(lost));
      }
    }
  }

  private void deliver(byte[] period, long now) {
    // Later observations may move the estimate back, but timestamps never decrease.
    lastCaptureNanos = Math.max(lastCaptureNanos, clock.nanosOf(position));
    long unixNanos = lastCaptureNanos + (timeSource.unixNanos() - timeSource.nanoTime());
    listener.onPeriod(
        new Period(period, periodSamples, position, lastCaptureNanos, unixNanos, now));
    position += periodSamples;
    lastPeriodNanos = now;
    long count = periods + 1; // only this thread writes it
    periods = count;
    detectSilence(period);
  }

  private void detectSilence(byte[] period) {
    long silentFrom = format.samplesIn(SILENCE_NANOS);
    boolean wasSilent = zeroSamples >= silentFrom;
    zeroSamples = isZero(period) ? zeroSamples + periodSamples : 0;
    boolean silent = zeroSamples >= silentFrom;
    if (silent != wasSilent) {
      listener.onSilence(silent);
    }
  }

  private static boolean isZero(byte[] pcm) {
    // The first byte is zero, and each byte equals the one before it. The JVM compares the arrays
    // in one vectorized loop.
    return pcm[0] == 0 && Arrays.equals(pcm, 0, pcm.length - 1, pcm, 1, pcm.length);
  }
}
