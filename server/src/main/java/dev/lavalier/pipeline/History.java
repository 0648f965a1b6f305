package dev.lavalier.pipeline;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The last periods of an epoch, as they were captured. It keeps {@link #MARGIN_NANOS} more than the
 * retention time, so that a replay that starts with the oldest period has time to read it.
 *
 * <p>The capture thread adds periods; any thread reads. A reader that is too slow finds a later
 * entry in the slot, as in a {@link FrameRing}, and detects that by its number. No lock is needed.
 */
final class History {

  static final long MARGIN_NANOS = 1_000_000_000L;

  /**
   * One period with its number.
   *
   * @param sequence number of the period in the epoch, from 0
   * @param period the period; its array is never written
   */
  record Entry(long sequence, Period period) {}

  /** Bytes of a kept period, besides its samples. */
  private static final int PERIOD_OBJECT_BYTES = 128;

  private final long retentionNanos;
  private final AtomicReferenceArray<Entry> slots;
  private volatile @Nullable Entry latest; // null: none yet

  /**
   * Creates an empty history.
   *
   * @param retentionNanos the retention time in nanoseconds, more than 0
   * @param periodSamples samples per channel in a period
   */
  History(long retentionNanos, PcmFormat format, int periodSamples) {
    this.retentionNanos = retentionNanos;
    this.slots = new AtomicReferenceArray<>(slots(retentionNanos, format, periodSamples));
  }

  private static int slots(long retentionNanos, PcmFormat format, int periodSamples) {
    return (int) (format.samplesIn(retentionNanos + MARGIN_NANOS) / periodSamples) + 2;
  }

  /** Returns about how many bytes a full history takes. */
  static long bytes(long retentionNanos, PcmFormat format, int periodSamples) {
    long period = (long) periodSamples * format.bytesPerSampleFrame() + PERIOD_OBJECT_BYTES;
    return slots(retentionNanos, format, periodSamples) * period;
  }

  /** Returns the retention time in nanoseconds. */
  long retentionNanos() {
    return retentionNanos;
  }

  /** Adds a copy of the next period. Called only by the capture thread. */
  void add(Period period) {
    Entry entry = new Entry(head(), period.copy());
    slots.setRelease(slot(entry.sequence()), entry);
    latest = entry;
  }

  /** Returns the number of the next period. */
  long head() {
    Entry newest = latest;
    return newest == null ? 0 : newest.sequence() + 1;
  }

  /** Returns the number of the oldest period that the next one does not overwrite. */
  long oldestAvailable() {
    return Math.max(0, head() - slots.length() + 1);
  }

  /**
   * Returns period number {@code sequence}, which is less than {@link #head}; null if it was
   * overwritten.
   */
  @Nullable Entry get(long sequence) {
    Entry entry = slots.getAcquire(slot(sequence));
    return entry != null && entry.sequence() == sequence ? entry : null;
  }

  private int slot(long sequence) {
    return (int) (sequence % slots.length());
  }

  /**
   * Returns the last period that starts at or before a captured sample. Returns the oldest period
   * if all start later; null if there is no period.
   */
  @Nullable Entry find(long sampleIndex) {
    long low = oldestAvailable();
    long high = head() - 1;
    while (low < high) {
      long middle = (low + high + 1) >>> 1;
      Entry entry = get(middle);
      if (entry == null) {
        low = Math.min(high, oldestAvailable()); // overwritten in the meantime
      } else if (entry.period().sampleIndex() <= sampleIndex) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    Entry found = high < 0 ? null : get(low);
    while (found == null && head() > 0) {
      found = get(oldestAvailable()); // overwritten in the meantime
    }
    return found;
  }
}
