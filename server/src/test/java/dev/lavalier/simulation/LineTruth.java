package dev.lavalier.simulation;

import dev.lavalier.simulation.SimulatedLine.Properties;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What really happened to the samples of a {@link SimulatedLine}: when they were captured, which
 * ones were lost, and what its reader could not know. The checks compare frames with it.
 */
final class LineTruth {

  /**
   * A loss of samples with consecutive numbers.
   *
   * @param overrun whether the buffer was full; otherwise the device did not deliver them
   */
  record LostRun(long first, long count, long atNanos, boolean overrun) {}

  /**
   * A full line lost samples between two polls. Until later arrivals show which ones, the reader
   * cannot know when the samples in the line were captured.
   *
   * @param atNanos steady time of the second poll
   * @param nanos time between the polls, or length of the samples that arrived if that is longer
   */
  private record Uncertainty(long atNanos, long nanos) {}

  /**
   * After this time, the arrivals have shown what was lost: a window of 250 ms, and up to 700 ms
   * more if the reader is too busy to see when samples arrive.
   */
  static final long SETTLING_NANOS = 1_000_000_000L;

  /** A device that delivers zeros for this long is reported as muted. */
  private static final long SILENCE_NANOS = 5_000_000_000L;

  private final Properties properties;
  private final VirtualTime time;
  private final List<LostRun> losses = new ArrayList<>();
  private final List<Uncertainty> uncertainties = new ArrayList<>();
  private final List<LostRun> runs = new ArrayList<>();
  private long runsOf = -1; // the losses that they contain; -1: none yet
  private long lostTotal;
  private long overrunTotal;
  private long startedSteady; // steady time
  private long startedAt = -1; // physical time; -1: not started
  private long polledAt; // steady time
  private long arrivedBefore; // samples that had arrived at the last poll
  private long overrunBefore; // samples that a full line had lost at the last poll
  private long firstRead = -1; // number of the first sample that was read; -1: none
  private long firstReadAt; // steady time
  private boolean seen; // samples were in the buffer at a poll
  private boolean startUnknown; // the line was full when its first samples were seen
  private long unseenLosses; // samples lost before the first poll that saw any, if it was not full
  private long zerosRead; // samples
  private long silentAt = -1; // steady time at which enough of them were read; -1: they were not
  private long soundAt = -1; // steady time at which another sample was read; -1: none
  private boolean wasFull; // or almost, at a poll
  private long longestHold;

  LineTruth(Properties properties, VirtualTime time) {
    this.properties = properties;
    this.time = time;
  }

  // What the line records.

  /** Records the start of the line, and the physical time at which its first sample is captured. */
  void started(long firstSampleAt) {
    startedSteady = time.nanoTime();
    polledAt = startedSteady;
    startedAt = firstSampleAt;
  }

  /** Records a loss of samples. */
  void lost(long first, long count, boolean overrun) {
    if (count == 0) {
      return;
    }
    lostTotal += count;
    overrunTotal += overrun ? count : 0;
    int last = losses.size() - 1;
    LostRun before = last < 0 ? null : losses.get(last);
    long now = time.physicalNanos();
    if (before != null && before.first() + before.count() == first && before.overrun() == overrun) {
      losses.set(last, new LostRun(before.first(), before.count() + count, now, overrun));
    } else {
      losses.add(new LostRun(first, count, now, overrun));
    }
  }

  /** Records that samples do not arrive for a time. */
  void held(long nanos) {
    longestHold = Math.max(longestHold, nanos);
  }

  /**
   * Records that the reader looks at the line.
   *
   * @param filled samples in the buffer
   * @param arrived samples that have arrived so far, with those that were lost
   */
  void polled(int filled, long arrived) {
    long now = time.nanoTime();
    boolean almostFull = filled >= properties.bufferSamples() - properties.bufferSamples() / 8;
    if (overrunTotal > overrunBefore || (!seen && almostFull)) {
      long arrivedNanos = properties.format().nanosOf(arrived - arrivedBefore);
      // Nothing shows how long after the start of the line the first sample was captured.
      long since = now - (seen ? polledAt : startedSteady);
      uncertainties.add(new Uncertainty(now, Math.max(since, arrivedNanos)));
    }
    // The reader discards what a full line holds, if it does not keep up.
    wasFull |= almostFull;
    startUnknown |= !seen && almostFull;
    if (!seen && filled > 0 && !almostFull) {
      unseenLosses = lostTotal;
    }
    seen |= filled > 0;
    polledAt = now;
    arrivedBefore = arrived;
    overrunBefore = overrunTotal;
  }

  /** Records that the reader takes samples from a number. */
  void read(long first, int count) {
    long now = time.nanoTime();
    if (firstRead < 0) {
      firstRead = first;
      firstReadAt = now;
    }
    if (first + count > properties.silentSamples()) {
      soundAt = soundAt < 0 ? now : soundAt;
      return;
    }
    zerosRead += count;
    if (silentAt < 0 && properties.format().nanosOf(zerosRead) >= SILENCE_NANOS) {
      silentAt = now;
    }
  }

  // What the checks ask.

  /** Returns how many samples were lost so far. */
  long lostTotal() {
    return lostTotal;
  }

  /** Returns whether the buffer was full, or almost full, at some time. */
  boolean wasFull() {
    return wasFull || overrunTotal > 0;
  }

  /**
   * Returns the steady time since which the line must be reported as silent; -1 if it was not
   * silent for long enough, or has delivered other samples since.
   */
  long silentSince() {
    return soundAt < 0 ? silentAt : -1;
  }

  /** Returns whether the line was silent for long enough to be reported. */
  boolean wasSilent() {
    return silentAt >= 0;
  }

  /** Returns whether samples at a number were silent, so that they do not show their number. */
  boolean isSilent(double number, int distance) {
    return number < properties.silentSamples()
        || (properties.silentSamples() > 0 && isNearLoss(number, distance));
  }

  /** Returns whether a number is close to a loss. */
  boolean isNearLoss(double number, int distance) {
    if (distance == 0) {
      return false;
    }
    for (LostRun loss : runs()) {
      double margin = distance + loss.count() * 0.2; // a filter overshoots
      if (number > loss.first() - margin && number < loss.first() + loss.count() + margin) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns the losses by number. Losses without a sample between them are one. Silence is a step
   * of the values, as a loss is.
   */
  private List<LostRun> runs() {
    if (runsOf != lostTotal) {
      runsOf = lostTotal;
      runs.clear();
      List<LostRun> byNumber = new ArrayList<>(losses);
      if (properties.silentSamples() > 0) {
        byNumber.add(new LostRun(0, properties.silentSamples(), 0, false));
      }
      byNumber.sort(Comparator.comparingLong(LostRun::first));
      for (LostRun each : byNumber) {
        LostRun last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
        if (last != null && last.first() + last.count() >= each.first()) {
          long end = Math.max(last.first() + last.count(), each.first() + each.count());
          long count = end - last.first();
          runs.set(runs.size() - 1, new LostRun(last.first(), count, each.atNanos(), false));
        } else {
          runs.add(each);
        }
      }
    }
    return runs;
  }

  /** Returns the longest time for which samples were delayed. */
  long longestHoldNanos() {
    return longestHold;
  }

  /** Returns the length of the buffer. */
  long bufferNanos() {
    return properties.format().nanosOf(properties.bufferSamples());
  }

  /** Returns the losses in the order in which they happened. */
  List<LostRun> losses() {
    return losses;
  }

  /** Returns how many samples with smaller numbers were lost. */
  double lostBefore(double number) {
    double lost = 0;
    for (LostRun loss : losses) {
      lost += Math.max(0, Math.min((double) loss.count(), number - loss.first()));
    }
    return lost;
  }

  /** Returns how many samples were lost in losses that begin after a number, within a distance. */
  double lostSoonAfter(double number, double distance) {
    double lost = 0;
    for (LostRun loss : losses) {
      lost += loss.first() > number && loss.first() <= number + distance ? loss.count() : 0;
    }
    return lost;
  }

  /**
   * Returns how many samples were lost before the first one that was read, or before the reader saw
   * that the line has samples. Nothing shows that there were any, because a line may also start
   * late.
   */
  double lostAtStart() {
    return Math.max(lostBefore((double) firstRead), (double) unseenLosses);
  }

  /**
   * Returns how much later than in reality a sample may seem captured: samples after it were lost
   * before the reader saw that the line has samples.
   */
  long unseenNanosAfter(double number) {
    double lost = Math.max(0, unseenLosses - lostBefore(number));
    return (long) (lost * 1e9 / properties.actualRate());
  }

  /** Returns the steady time of the first read. */
  long firstReadAt() {
    return firstReadAt;
  }

  /** Returns whether the line was full when its first samples were seen. */
  boolean isStartUnknown() {
    return startUnknown;
  }

  /**
   * Returns how long before its first sample the line may seem to have started: a line that is full
   * at once does not show when its first sample was captured.
   */
  long unknownStartNanos() {
    return startUnknown ? properties.startNanos() : 0;
  }

  /** Returns the physical time at which a number was captured. */
  long physicalNanosOf(double number) {
    return startedAt + (long) (number * 1e9 / properties.actualRate());
  }

  /** Returns how much of the audio that was read at a steady time may have been lost before. */
  long uncertainNanos(long readNanos) {
    long sum = 0;
    long settled = readNanos - SETTLING_NANOS;
    for (int i = uncertainties.size() - 1; i >= 0; i--) {
      Uncertainty each = uncertainties.get(i);
      if (each.atNanos() <= readNanos && each.atNanos() >= settled) {
        sum += each.nanos();
        settled = Math.min(settled, each.atNanos() - each.nanos() - SETTLING_NANOS);
      }
    }
    return sum;
  }
}
