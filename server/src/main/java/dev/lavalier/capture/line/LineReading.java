package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.Period;
import dev.lavalier.common.TimeSource;
import java.util.Arrays;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a line in steps. A step polls the line once; if a period is due and available, the step
 * reads exactly that period, stamps it and passes it to the listener. No step waits: it returns the
 * time of the next one. If a read returns fewer samples than requested, the device counts as lost:
 * a lost ALSA device returns no samples, at once and for ever, so further reads would spin.
 *
 * <p>{@link #start} is called once, before {@link #step}. One thread calls both, and {@link
 * #ended}. Any thread may call the other methods.
 */
final class LineReading {

  private static final Logger log = LoggerFactory.getLogger(LineReading.class);

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
  private final String deviceId;
  private final PcmFormat format;
  private final int periodSamples;
  private final TimeSource timeSource;
  private volatile boolean stopping;
  private volatile long periods;
  private volatile double clockPpm = Double.NaN; // NaN: not precise enough yet

  // Used only by the thread that calls step.
  private final byte[] period;
  private final DeviceClock clock;
  private final Pacer pacer;
  private @Nullable CaptureListener listener; // null: not started
  private boolean ended;
  private boolean started; // a period has been read
  private boolean probing; // the last step polled the line to measure an arrival
  private boolean waited; // the next period was not available when it was due
  private long slowFrom; // steady time from which a line without a period is polled slowly
  private long position; // samples of this epoch so far, including lost samples
  private long lastCaptureNanos = Long.MIN_VALUE;
  private long lastPeriodNanos;
  private long zeroSamples;
  private int backlogSamples; // samples that were left in the line after the last read
  private long nextProbeAt; // steady time of the next measurement of an arrival

  /**
   * Creates a reading that is not started.
   *
   * @param deviceId names the device in the log
   * @param periodSamples samples per channel in one read, 1 or more
   */
  LineReading(AudioLine line, String deviceId, int periodSamples, TimeSource timeSource) {
    this.line = line;
    this.deviceId = deviceId;
    this.format = line.format();
    this.periodSamples = periodSamples;
    this.timeSource = timeSource;
    this.period = new byte[periodSamples * format.bytesPerSampleFrame()];
    this.clock = new DeviceClock(format, format.nanosOf(line.bufferSamples()));
    this.pacer = new Pacer(format.nanosOf(periodSamples));
  }

  /** Starts the line. The first step is due at once, unless this reading has {@link #ended}. */
  void start(CaptureListener receiver) {
    listener = receiver;
    try {
      line.start();
    } catch (RuntimeException | Error e) {
      onFailure(e);
    }
  }

  /**
   * Polls the line once, and delivers a period if one is due and available. May be called too
   * early.
   *
   * @return the steady time of the next step; without meaning if this reading has {@link #ended}
   */
  long step() {
    try {
      return poll();
    } catch (RuntimeException | Error e) {
      onFailure(e);
      return 0;
    }
  }

  /** Returns whether no further step is necessary: it was stopped, or the device is lost. */
  boolean ended() {
    return ended || stopping;
  }

  /** Makes the next read the last one. From now on, no loss is reported to the listener. */
  void stop() {
    stopping = true;
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

  private void onFailure(Throwable e) {
    ended = true;
    if (!stopping) {
      log.warn("reading {} failed", deviceId, e);
      listener.onLost("the sound system failed: " + e);
    }
  }

  private long poll() {
    long now = timeSource.nanoTime();
    if (started && now < pacer.due()) {
      if (probing) {
        recordArrival(line.available());
      }
      return untilDue(now);
    }
    int available = line.available();
    if (probing || available < periodSamples) {
      recordArrival(available);
      probing = false;
    }
    if (available < periodSamples) {
      if (!waited) {
        waited = true;
        slowFrom = now + (started ? 2 * Pacer.MAX_DELAY_NANOS : FIRST_SAMPLES_TIMEOUT_NANOS);
      }
      return now + (now > slowFrom ? SLOW_POLL_NANOS : POLL_NANOS);
    }
    readPeriod();
    return untilDue(timeSource.nanoTime());
  }

  private long untilDue(long now) {
    probing = now >= nextProbeAt;
    return probing ? Math.min(pacer.due(), now + POLL_NANOS) : pacer.due();
  }

  private void readPeriod() {
    int read = line.read(period);
    if (stopping) {
      return;
    }
    if (read < periodSamples) {
      ended = true;
      listener.onLost("a read returned %d of %d samples".formatted(read, periodSamples));
      return;
    }
    long now = timeSource.nanoTime();
    updateClock(now);
    started = true;
    waited = false;
    deliver(now);
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

  private void updateClock(long now) {
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

  private void deliver(long now) {
    // Later observations may move the estimate back, but timestamps never decrease.
    lastCaptureNanos = Math.max(lastCaptureNanos, clock.nanosOf(position));
    long unixNanos = lastCaptureNanos + (timeSource.unixNanos() - timeSource.nanoTime());
    listener.onPeriod(
        new Period(period, periodSamples, position, lastCaptureNanos, unixNanos, now));
    position += periodSamples;
    lastPeriodNanos = now;
    long count = periods + 1; // only this thread writes it
    periods = count;
    detectSilence();
  }

  private void detectSilence() {
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
