package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.Period;
import dev.lavalier.common.TimeSource;
import java.io.IOException;
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
 * <p>Three kinds of loss advance the sample index:
 *
 * <ul>
 *   <li>{@link DeviceClock} finds samples missing. The cause is an overload of this machine if the
 *       line was found full before, and an overrun of the device otherwise.
 *   <li>An overload lasts: the line is full, and the steps do not catch up. What the line holds is
 *       then discarded, because it may be old, and may have been overwritten. Deliveries continue
 *       when the arrivals have shown how much was lost.
 *   <li>The machine was suspended: see {@link SuspendDetector}.
 * </ul>
 *
 * <p>{@link #start} is called once, before {@link #step}. One thread calls both, and {@link
 * #ended}. Any thread may call the other methods.
 */
final class LineReading {

  private static final Logger log = LoggerFactory.getLogger(LineReading.class);

  /** Interval between polls of a line whose period is late. */
  private static final long POLL_NANOS = 500_000;

  /** Samples that arrive between polls that are not further apart arrive at an exact time. */
  private static final long MAX_EXACT_NANOS = 4 * POLL_NANOS;

  /** Interval between polls of a line whose period is very late. */
  private static final long SLOW_POLL_NANOS = 5_000_000;

  /**
   * The first samples arrive within this time, or the source has none for now. The line is then
   * polled slowly.
   */
  private static final long FIRST_SAMPLES_TIMEOUT_NANOS = 3_000_000_000L;

  /** The same for later samples. This is longer than a burst. */
  private static final long SAMPLES_TIMEOUT_NANOS = 200_000_000L;

  /** Interval between measurements of the exact time at which samples arrive. */
  private static final long PROBE_INTERVAL_NANOS = 1_000_000_000L;

  /** If the line is full after this many periods that took too long, the steps do not keep up. */
  private static final int MIN_SLOW_PERIODS = 2;

  /** How long arrivals are watched after an overload. This is longer than a burst. */
  private static final long WATCH_NANOS = 100_000_000L;

  private final AudioLine line;
  private final String deviceId;
  private final PcmFormat format;
  private final int periodSamples;
  private final int fullSamples; // a line that holds this many has no room for a period
  private final long watchNanos;
  private final TimeSource timeSource;
  private volatile boolean stopping;
  private volatile long periods;
  private volatile double clockPpm = Double.NaN; // NaN: not precise enough yet

  // Used only by the thread that calls step.
  private final byte[] period;
  private final DeviceClock clock;
  private final WallClock wallClock;
  private final SuspendDetector suspends;
  private final SilenceDetector silence;
  private final Pacer pacer;
  private @Nullable CaptureListener listener; // null: not started
  private boolean listening; // the listener is being called
  private boolean ended;
  private boolean started; // a period has been read
  private boolean waited; // the next period was not available when it was due
  private long slowFrom; // steady time from which a line without a period is polled slowly
  private long position; // samples of this epoch so far, including lost samples
  private Loss loss = Loss.OVERRUN; // why the samples before the next period are lost, if any are
  private long lastCaptureNanos = Long.MIN_VALUE;

  private long firstSampleNanos; // steady time at which sample 0 was captured, at the earliest
  private long polledAt; // steady time of the last poll
  private int backlogSamples; // samples that were in the line at the last poll
  private long nextProbeAt; // steady time of the next measurement of an arrival

  private boolean idle; // there was nothing to do since the last period was read
  private long readAt; // steady time at which the last period was read
  private int slowPeriods; // periods since the last idle step that took longer than real time
  private boolean watching; // no period is read, until the loss of an overload is known
  private long watchUntil;

  /**
   * Creates a reading that is not started.
   *
   * @param deviceId names the device in the log
   * @param periodSamples samples per channel in one read, 1 or more
   */
  LineReading(AudioLine line, String deviceId, int periodSamples, TimeSource timeSource) {
    int bufferSamples = line.bufferSamples();
    this.line = line;
    this.deviceId = deviceId;
    this.format = line.format();
    this.periodSamples = periodSamples;
    this.fullSamples = Math.max(bufferSamples - periodSamples, bufferSamples - bufferSamples / 8);
    this.watchNanos = Math.min(WATCH_NANOS, format.nanosOf(bufferSamples) / 2);
    this.timeSource = timeSource;
    this.period = new byte[periodSamples * format.bytesPerSampleFrame()];
    this.clock = new DeviceClock(format, format.nanosOf(bufferSamples));
    this.wallClock = new WallClock(timeSource);
    this.suspends = new SuspendDetector(timeSource, wallClock);
    this.silence = new SilenceDetector(format);
    this.pacer = new Pacer(format.nanosOf(periodSamples));
  }

  /** Starts the line. The first step is due at once, unless this reading has {@link #ended}. */
  void start(CaptureListener receiver) {
    listener = receiver;
    try {
      line.start();
      firstSampleNanos = timeSource.nanoTime();
      suspends.start(firstSampleNanos);
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
    } catch (IOException e) {
      onLost(e.getMessage());
      return 0;
    } catch (RuntimeException | Error e) { // the device must not stay open without a reader
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

  private void onFailure(Throwable failure) {
    ended = true;
    if (stopping) {
      return;
    }
    log.warn("reading {} failed", deviceId, failure);
    String failed = listening ? "processing its audio failed: " : "the sound system failed: ";
    listener.onLost(failed + failure);
  }

  private void onLost(String reason) {
    ended = true;
    if (!stopping) {
      listener.onLost(reason);
    }
  }

  private long poll() throws IOException {
    long now = timeSource.nanoTime();
    skipSuspend(now, suspends.check(now));
    if (watching) {
      idle = true;
      notePoll(line.available());
      watching = clock.isLossSuspected() && now < watchUntil && !isFull(backlogSamples);
      return now + POLL_NANOS;
    }
    if (started && now < pacer.due()) {
      if (isProbing(now)) {
        notePoll(line.available());
      }
      return untilDue(now);
    }
    int available = line.available();
    notePoll(available);
    if (available < periodSamples && !(started && suspends.isResumeDue(now))) {
      idle = true;
      if (!waited) {
        waited = true;
        slowFrom = now + (started ? SAMPLES_TIMEOUT_NANOS : FIRST_SAMPLES_TIMEOUT_NANOS);
      }
      return now + (now <= slowFrom ? POLL_NANOS : SLOW_POLL_NANOS);
    }
    suspends.onResume();
    if (isFull(available) && slowPeriods >= MIN_SLOW_PERIODS) {
      discardBacklog();
      return polledAt;
    }
    readPeriod();
    return untilDue(timeSource.nanoTime());
  }

  private boolean isProbing(long now) {
    return now >= nextProbeAt || clock.isLossSuspected();
  }

  private long untilDue(long now) {
    idle |= now < pacer.due();
    return isProbing(now) ? Math.min(pacer.due(), now + POLL_NANOS) : pacer.due();
  }

  private boolean isFull(int available) {
    return available >= fullSamples;
  }

  /** Learns from a poll of the line. */
  private void notePoll(int available) {
    long now = timeSource.nanoTime(); // after the poll: samples may seem late, but not early
    boolean more = available > backlogSamples;
    boolean exact = more && now - polledAt <= MAX_EXACT_NANOS;
    if (!started && more && backlogSamples == 0) {
      suspends.start(now); // a suspend before the first samples is no loss
    }
    if (!started && more && backlogSamples == 0 && !isFull(available)) {
      firstSampleNanos = now - format.nanosOf(available); // the time to start the device is no loss
      clock.start(firstSampleNanos);
    }
    setPolled(now, available);
    if (more) {
      noteArrival(now, position + available, available);
    }
    if (isFull(available)) {
      if (!started) {
        clock.start(Math.min(firstSampleNanos, now - format.nanosOf(available)));
      }
      clock.suspectLoss(now);
    } else if (more && clock.isLossSuspected()) {
      observe(now, position + available, exact);
    } else if (exact && position > 0 && now >= nextProbeAt) {
      clock.recordArrival(now, position + available);
      clockPpm = clock.isConverged() ? clock.driftPpm() : Double.NaN;
      nextProbeAt = now + PROBE_INTERVAL_NANOS;
    }
  }

  private void setPolled(long now, int available) {
    backlogSamples = available;
    polledAt = now;
  }

  private void observe(long now, long arrived, boolean exact) {
    Loss cause = clock.isLossSuspected() ? Loss.OVERLOAD : Loss.OVERRUN;
    skip(now, clock.observe(now, arrived, exact), cause);
  }

  private void skip(long now, long lost, Loss cause) {
    if (lost > 0) {
      position += lost;
      loss = cause;
      pacer.skip(now, format.nanosOf(lost));
    }
  }

  /** Reads everything that waits, or a part of it if it is very much, and delivers none of it. */
  private void discardBacklog() throws IOException {
    int maxReads = 1 + 4 * line.bufferSamples() / periodSamples;
    long discarded = 0;
    int available = line.available();
    for (int i = 0; i < maxReads && available >= periodSamples; i++) {
      if (line.read(period) < periodSamples) {
        onLost("a read returned less than %d samples".formatted(periodSamples));
        return;
      }
      discarded += periodSamples;
      available = line.available();
    }
    long now = timeSource.nanoTime();
    skip(now, discarded, Loss.OVERLOAD);
    setPolled(now, available);
    clock.suspectLoss(now, watchNanos);
    if (available < periodSamples) {
      slowPeriods = 0;
      watching = true;
      watchUntil = now + 4 * watchNanos;
    }
  }

  private void readPeriod() throws IOException {
    int read = line.read(period);
    if (stopping) {
      return;
    }
    if (read < periodSamples) {
      onLost("a read returned %d of %d samples".formatted(read, periodSamples));
      return;
    }
    int left = line.available();
    long now = timeSource.nanoTime();
    if (periodSamples + left > backlogSamples) {
      noteArrival(now, position + periodSamples + left, left);
    }
    setPolled(now, left);
    countSlowPeriods(now);
    updateClock(now, left);
    started = true;
    waited = false;
    deliver(now);
  }

  private void countSlowPeriods(long now) {
    if (idle || !started) {
      slowPeriods = 0;
    } else if (now - readAt > format.nanosOf(periodSamples)) {
      slowPeriods++;
    }
    idle = false;
    readAt = now;
  }

  private void updateClock(long now, int left) {
    if (!started) {
      pacer.start(now);
    }
    pacer.onPeriodReleased(now, waited, format.nanosOf(left));
    // A loss is counted before the samples that wait in the line, so there must be few of them.
    boolean few = left <= format.samplesIn(Pacer.MAX_DELAY_NANOS) + periodSamples;
    if (few || (clock.isLossPossible() && !isFull(left))) {
      observe(now, position + periodSamples + left, false);
    }
  }

  private void noteArrival(long now, long arrived, int available) {
    boolean known = started && !isFull(available);
    skipSuspend(now, suspends.onArrival(known ? clock.lateness(now, arrived) : 0));
  }

  private void skipSuspend(long now, long nanos) {
    if (started && nanos > 0) {
      long samples = format.samplesIn(nanos);
      clock.skipSuspended(position, samples);
      skip(now, samples, Loss.OVERRUN);
    }
  }

  private void deliver(long now) {
    // Later observations may move the estimate back, but timestamps never decrease.
    lastCaptureNanos = Math.max(lastCaptureNanos, clock.nanosOf(position));
    long unixNanos = wallClock.unixNanosOf(lastCaptureNanos);
    Period read =
        new Period(period, periodSamples, position, lastCaptureNanos, unixNanos, now, loss);
    listening = true;
    listener.onPeriod(read);
    listening = false;
    loss = Loss.OVERRUN;
    position += periodSamples;
    long count = periods + 1; // only this thread writes it
    periods = count;
    detectSilence();
  }

  private void detectSilence() {
    boolean wasSilent = silence.isSilent();
    silence.onPeriod(period, periodSamples);
    if (silence.isSilent() != wasSilent) {
      listening = true;
      listener.onSilence(!wasSilent);
      listening = false;
    }
  }
}
