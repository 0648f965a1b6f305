package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.Period;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that reads an open device: {@code lavalier-reader-<device>}. It sleeps until the
 * next period is due, reads exactly that, stamps it, hands it to its listener, and waits for
 * nothing else. A line that gives less than it was asked for is lost: reading on would spin, since
 * a lost ALSA device gives nothing, at once and for ever.
 *
 * <p>{@link #start} is called once; {@link #stop}, {@link #periods} and {@link #clockPpm} from any
 * other thread.
 */
final class LineReader {

  private static final Logger log = LoggerFactory.getLogger(LineReader.class);

  /** Between two looks at a line that is late: at first, and when it is very late. */
  private static final long POLL_NANOS = 500_000;

  private static final long SLOW_POLL_NANOS = 5_000_000;

  /** A sound server gives its first samples within that, or has none to give for now. */
  private static final long FIRST_SAMPLES_TIMEOUT_NANOS = 3_000_000_000L;

  /** How often it is watched for the moment at which samples arrive. */
  private static final long PROBE_INTERVAL_NANOS = 1_000_000_000L;

  /** A device that gives exact zeros for so long is muted, or not permitted. */
  private static final long SILENCE_NANOS = 5_000_000_000L;

  private final AudioLine line;
  private final PcmFormat format;
  private final int periodSamples;
  private final TimeSource timeSource;
  private CaptureListener listener; // set before the thread starts
  private final Thread thread;
  private volatile boolean stopping;
  private volatile long periods;
  private volatile double clockPpm = Double.NaN; // NaN: not known well enough

  // The reader's thread alone.
  private final DeviceClock clock;
  private final Pacer pacer;
  private long position; // samples of this epoch so far, lost ones counted
  private long lastCaptureNanos = Long.MIN_VALUE;
  private long lastPeriodNanos;
  private long zeroSamples;
  private int backlogSamples; // samples that were left in the line after the last read
  private long nextProbeAt; // when to watch for an arrival next

  /**
   * Makes a reader that has not begun.
   *
   * @param deviceId for the thread's name
   * @param periodSamples samples of one read, 1 or more
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

  /** Starts the thread, and the line on it. */
  void start(CaptureListener receiver) {
    listener = receiver;
    thread.start();
  }

  /**
   * Stops the line and waits for the thread's end. After that no listener is called any more. The
   * line stays open. May block for as long as the sound system does.
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

  /** Returns how many periods have come. */
  long periods() {
    return periods;
  }

  /**
   * Returns by how many millionths the device's clock runs faster than the ticker's; empty until
   * that is known to 5 ppm, which takes a minute at least.
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
        listener.onLost(
            "the line gave %d of %d samples without being stopped".formatted(read, periodSamples));
        return;
      }
      long now = timeSource.nanoTime();
      updateClock(now, waited, started);
      started = true;
      deliver(period, now);
    }
  }

  /** Waits until the next period is due and there; returns whether it was not there when due. */
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

  /** Notes an arrival, where more is there than {@value #POLL_NANOS} ns ago. */
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
    // The first look always counts: without one the clock has no origin.
    if (!started || backlogSamples <= format.samplesIn(Pacer.MAX_DELAY_NANOS) + periodSamples) {
      long lost = clock.observe(now, position + periodSamples + backlogSamples);
      if (lost > 0) {
        position += lost;
        pacer.skip(now, format.nanosOf(lost));
      }
    }
  }

  private void deliver(byte[] period, long now) {
    // Later looks may show that earlier ones were late; time still never runs backwards.
    lastCaptureNanos = Math.max(lastCaptureNanos, clock.nanosOf(position));
    long unixNanos = lastCaptureNanos + (timeSource.unixNanos() - timeSource.nanoTime());
    listener.onPeriod(
        new Period(period, periodSamples, position, lastCaptureNanos, unixNanos, now));
    position += periodSamples;
    lastPeriodNanos = now;
    long count = periods + 1; // this thread alone writes it
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
    // The first byte is zero, and each equals the one before it: one vector loop of the JVM's own.
    return pcm[0] == 0 && Arrays.equals(pcm, 0, pcm.length - 1, pcm, 1, pcm.length);
  }
}
