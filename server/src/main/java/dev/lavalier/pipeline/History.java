package dev.lavalier.pipeline;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The last periods of an epoch, as they were captured: what was said before anyone asked. It keeps
 * what is promised and {@link #MARGIN_NANOS} more, so that whoever begins with the oldest of it has
 * the time to take it.
 *
 * <p>The reader's thread adds, any thread reads. Periods are immutable and know their number, as
 * the frames of a {@link FrameRing} do: whoever is too slow finds another one and cannot mistake
 * it.
 */
final class History {

  static final long MARGIN_NANOS = 1_000_000_000L;

  /**
   * One period with its number.
   *
   * @param sequence its number in the epoch, from 0
   * @param period nobody writes to its array
   */
  record Entry(long sequence, Period period) {}

  private final long retentionNanos;
  private final AtomicReferenceArray<Entry> slots;
  private volatile Entry latest; // null: none yet

  /**
   * Makes an empty one.
   *
   * @param retentionNanos how much is promised, more than 0
   * @param periodSamples samples of a period
   */
  History(long retentionNanos, PcmFormat format, int periodSamples) {
    this.retentionNanos = retentionNanos;
    long samples = format.samplesIn(retentionNanos + MARGIN_NANOS);
    this.slots = new AtomicReferenceArray<>((int) (samples / periodSamples) + 2);
  }

  /** Returns how much is promised. */
  long retentionNanos() {
    return retentionNanos;
  }

  /** Adds a copy of the next period. The reader's thread alone. */
  void add(Period period) {
    Entry entry = new Entry(head(), period.copy());
    slots.setRelease(slot(entry.sequence()), entry);
    latest = entry;
  }

  /** Returns the number that the next period will have. */
  long head() {
    Entry newest = latest;
    return newest == null ? 0 : newest.sequence() + 1;
  }

  /** Returns the number of the oldest that is not about to be written over. */
  long oldestAvailable() {
    return Math.max(0, head() - slots.length() + 1);
  }

  /** Returns period number {@code sequence}, below {@link #head}; null where it is gone. */
  Entry get(long sequence) {
    Entry entry = slots.getAcquire(slot(sequence));
    return entry != null && entry.sequence() == sequence ? entry : null;
  }

  private int slot(long sequence) {
    return (int) (sequence % slots.length());
  }

  /**
   * Returns the last period that begins at a captured sample or before it; the oldest where all
   * begin later; null where there is none at all.
   */
  Entry find(long sampleIndex) {
    long low = oldestAvailable();
    long high = head() - 1;
    while (low < high) {
      long middle = (low + high + 1) >>> 1;
      Entry entry = get(middle);
      if (entry == null) {
        low = Math.min(high, oldestAvailable()); // written over since
      } else if (entry.period().sampleIndex() <= sampleIndex) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    Entry found = high < 0 ? null : get(low);
    while (found == null && head() > 0) {
      found = get(oldestAvailable()); // written over since
    }
    return found;
  }
}
