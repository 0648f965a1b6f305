package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The last periods of an epoch, as they were captured: what was said before anyone asked. It keeps
 * what is promised and {@link #SLACK_NANOS} more, so that whoever begins with the oldest of it has
 * the time to take it.
 *
 * <p>The reader's thread adds, any thread reads. Periods are immutable and know their number, as
 * the frames of a {@link FrameRing} do: whoever is too slow finds another one and cannot mistake
 * it.
 */
final class History {

  static final long SLACK_NANOS = 1_000_000_000L;

  /** One read from the line; nobody writes to its array. As in {@link Delivery#accept}. */
  static final class Period {
    final long sequence; // its number in the epoch, from 0
    final byte[] pcm;
    final int samples;
    final long sampleIndex;
    final long captureNanos;
    final long captureUnixNanos;
    final long readNanos;

    Period(
        long sequence,
        byte[] pcm,
        int samples,
        long sampleIndex,
        long captureNanos,
        long captureUnixNanos,
        long readNanos) {
      this.sequence = sequence;
      this.pcm = pcm;
      this.samples = samples;
      this.sampleIndex = sampleIndex;
      this.captureNanos = captureNanos;
      this.captureUnixNanos = captureUnixNanos;
      this.readNanos = readNanos;
    }
  }

  private final long keptNanos;
  private final AtomicReferenceArray<Period> slots;
  private volatile Period latest; // null: none yet

  /**
   * Makes an empty one.
   *
   * @param keptNanos how much is promised, more than 0
   * @param periodSamples samples of a period
   */
  History(long keptNanos, PcmFormat format, int periodSamples) {
    this.keptNanos = keptNanos;
    long samples = format.samplesIn(keptNanos + SLACK_NANOS);
    this.slots = new AtomicReferenceArray<>((int) (samples / periodSamples) + 2);
  }

  /** Returns how much is promised. */
  long keptNanos() {
    return keptNanos;
  }

  /** Adds a copy of the next period. The reader's thread alone. */
  void add(
      byte[] pcm,
      int samples,
      long sampleIndex,
      long captureNanos,
      long captureUnixNanos,
      long readNanos) {
    Period period =
        new Period(
            head(), pcm.clone(), samples, sampleIndex, captureNanos, captureUnixNanos, readNanos);
    slots.setRelease(slot(period.sequence), period);
    latest = period;
  }

  /** Returns the number that the next period will have. */
  long head() {
    Period newest = latest;
    return newest == null ? 0 : newest.sequence + 1;
  }

  /** Returns the number of the oldest that is not about to be written over. */
  long oldest() {
    return Math.max(0, head() - slots.length() + 1);
  }

  /** Returns period number {@code sequence}, below {@link #head}; null where it is gone. */
  Period get(long sequence) {
    Period period = slots.getAcquire(slot(sequence));
    return period != null && period.sequence == sequence ? period : null;
  }

  private int slot(long sequence) {
    return (int) (sequence % slots.length());
  }

  /**
   * Returns the last period that begins at a captured sample or before it; the oldest where all
   * begin later; null where there is none at all.
   */
  Period find(long sampleIndex) {
    long low = oldest();
    long high = head() - 1;
    while (low < high) {
      long middle = (low + high + 1) >>> 1;
      Period period = get(middle);
      if (period == null) {
        low = Math.min(high, oldest()); // written over since
      } else if (period.sampleIndex <= sampleIndex) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    Period found = high < 0 ? null : get(low);
    while (found == null && head() > 0) {
      found = get(oldest()); // written over since
    }
    return found;
  }
}
