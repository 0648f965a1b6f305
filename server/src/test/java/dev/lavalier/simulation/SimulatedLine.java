package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.line.AudioLine;
import dev.lavalier.simulation.SimulatedDevice.InjectedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A line with a bounded buffer and its own crystal. Each captured sample has a number, which counts
 * real time at the line's actual rate, and is the sample's value. Numbers that do not reach the
 * reader are recorded as losses.
 */
final class SimulatedLine implements AudioLine {

  /** The samples that a full buffer drops. */
  enum Overrun {
    /** The new ones. */
    DROP_NEWEST,
    /** The oldest ones in the buffer. */
    DROP_OLDEST,
    /** All: the line starts again. */
    RESTART
  }

  /** How a line that was unplugged answers. */
  enum Unplugged {
    /** A read returns nothing. */
    READS_NOTHING,
    /** Its methods throw. */
    THROWS,
    /** No samples arrive any more. */
    SILENT
  }

  /**
   * Properties of a line.
   *
   * @param ppm by how much its clock is faster than the machine's
   * @param startNanos how long after the start the first samples arrive
   * @param burst samples that arrive at once, 1 or more
   */
  record Properties(
      PcmFormat format,
      int bufferSamples,
      double ppm,
      int burst,
      long startNanos,
      Overrun overrun,
      Unplugged unplugged) {}

  /** Samples with consecutive numbers. */
  private record Run(long first, long count) {}

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
   * After this time, the arrivals have shown what was lost: a window of 250 ms, and up to a second
   * more if the reader is too busy to see when samples arrive.
   */
  static final long SETTLING_NANOS = 1_000_000_000L;

  final Properties properties;
  private final VirtualTime time;
  private final Deque<Run> buffer = new ArrayDeque<>();
  private final List<LostRun> losses = new ArrayList<>();
  private int filled;
  private final List<Uncertainty> uncertainties = new ArrayList<>();
  private long startedSteady; // steady time
  private long polledAt; // steady time
  private long arrivedBefore; // samples that had arrived at the last poll
  private long overrunBefore; // samples that a full line had lost at the last poll
  private long overrunTotal;
  private long firstRead = -1; // number of the first sample that was read; -1: none
  private long firstReadAt; // steady time
  private boolean startUnknown; // the line was full when its first samples were seen
  private boolean wasFull; // or almost, at a poll
  private long startedAt = -1; // physical time; -1: not started
  private long produced; // the number of the next sample that arrives
  private long silentUntil; // the device does not deliver samples with smaller numbers
  private long heldUntil; // physical time until which samples do not arrive
  private long longestHold;
  private long lostTotal;
  private boolean unplugged;
  private boolean stopped;
  private boolean closed;
  private @Nullable Throwable nextCall; // fails with this; null: succeeds

  SimulatedLine(Properties properties, VirtualTime time) {
    this.properties = properties;
    this.time = time;
  }

  // Faults.

  /** Loses the samples of the next {@code nanos} nanoseconds in the device. */
  void loseFor(long nanos) {
    produce();
    silentUntil = Math.max(silentUntil, produced) + numberAfter(nanos);
  }

  /** Lets the next call fail. */
  void failNextCall(Throwable fault) {
    nextCall = fault;
  }

  /** Ends the faults that have not happened yet. */
  void release() {
    nextCall = null;
    heldUntil = Math.min(heldUntil, time.physicalNanos());
    produce();
    silentUntil = Math.min(silentUntil, produced);
  }

  private void failCall() {
    Throwable fault = nextCall;
    nextCall = null;
    if (fault instanceof RuntimeException exception) {
      throw exception;
    } else if (fault instanceof Error error) {
      throw error;
    }
  }

  /** Delays all samples until {@code nanos} from now; they then arrive at once. */
  void holdFor(long nanos) {
    produce();
    heldUntil = Math.max(heldUntil, time.physicalNanos() + nanos);
    longestHold = Math.max(longestHold, nanos);
  }

  void unplug() {
    produce();
    unplugged = true;
  }

  boolean isUnplugged() {
    return unplugged;
  }

  boolean isClosed() {
    return closed;
  }

  // Truth.

  /** Returns how many samples were lost so far. */
  long lostTotal() {
    return lostTotal;
  }

  /** Returns whether the buffer was full, or almost full, at some time. */
  boolean wasFull() {
    return wasFull || overrunTotal > 0;
  }

  /** Returns whether a number is close to a loss. */
  boolean isNearLoss(double number, int distance) {
    for (LostRun loss : losses) {
      double margin = distance + loss.count() * 0.2; // a filter overshoots
      if (distance > 0
          && number > loss.first() - margin
          && number < loss.first() + loss.count() + margin) {
        return true;
      }
    }
    return false;
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

  /**
   * Returns how many samples were lost before the first one that was read. Nothing shows that there
   * were any, because a line may also start late.
   */
  double lostAtStart() {
    return lostBefore((double) firstRead);
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
    return startedAt + (long) (number * 1e9 / actualRate());
  }

  private double actualRate() {
    return properties.format().sampleRateHz() * (1 + properties.ppm() / 1e6);
  }

  private long numberAfter(long nanos) {
    return (long) (nanos / 1e9 * actualRate());
  }

  private void produce() {
    long physical = time.physicalNanos();
    if (startedAt < 0 || unplugged || stopped || physical < Math.max(heldUntil, startedAt)) {
      return;
    }
    long arrived = numberAfter(physical - startedAt);
    arrived -= arrived % properties.burst();
    while (produced < arrived) {
      if (produced < silentUntil) {
        long until = Math.min(arrived, silentUntil);
        lose(produced, until - produced, false);
        produced = until;
      } else {
        put(produced, arrived - produced);
        produced = arrived;
      }
    }
  }

  private void put(long first, long count) {
    int room = properties.bufferSamples() - filled;
    if (count <= room) {
      append(first, count);
      return;
    }
    switch (properties.overrun()) {
      case DROP_NEWEST -> {
        append(first, room);
        lose(first + room, count - room, true);
      }
      case DROP_OLDEST -> {
        long kept = Math.min(count, properties.bufferSamples());
        dropOldest(filled + kept - properties.bufferSamples());
        lose(first, count - kept, true);
        append(first + count - kept, kept);
      }
      case RESTART -> {
        dropOldest(filled);
        lose(first, count, true);
      }
    }
  }

  private void append(long first, long count) {
    if (count > 0) {
      buffer.add(new Run(first, count));
      filled += (int) count;
    }
  }

  private void dropOldest(long count) {
    long left = count;
    while (left > 0) {
      Run run = buffer.remove();
      long dropped = Math.min(left, run.count());
      lose(run.first(), dropped, true);
      if (dropped < run.count()) {
        buffer.addFirst(new Run(run.first() + dropped, run.count() - dropped));
      }
      left -= dropped;
      filled -= (int) dropped;
    }
  }

  private void lose(long first, long count, boolean overrun) {
    if (count > 0) {
      lostTotal += count;
      overrunTotal += overrun ? count : 0;
      int last = losses.size() - 1;
      LostRun before = last < 0 ? null : losses.get(last);
      long now = time.physicalNanos();
      if (before != null
          && before.first() + before.count() == first
          && before.overrun() == overrun) {
        losses.set(last, new LostRun(before.first(), before.count() + count, now, overrun));
      } else {
        losses.add(new LostRun(first, count, now, overrun));
      }
    }
  }

  // AudioLine.

  @Override
  public PcmFormat format() {
    return properties.format();
  }

  @Override
  public int bufferSamples() {
    return properties.bufferSamples();
  }

  @Override
  public void start() {
    failCall();
    startedSteady = time.nanoTime();
    polledAt = startedSteady;
    startedAt = time.physicalNanos() + properties.startNanos();
  }

  private void poll() {
    produce();
    long now = time.nanoTime();
    boolean almostFull = filled >= properties.bufferSamples() - properties.bufferSamples() / 8;
    if (overrunTotal > overrunBefore || (arrivedBefore == 0 && almostFull)) {
      long arrived = properties.format().nanosOf(produced - arrivedBefore);
      // Nothing shows how long after the start of the line the first sample was captured.
      long since = now - (arrivedBefore == 0 ? startedSteady : polledAt);
      uncertainties.add(new Uncertainty(now, Math.max(since, arrived)));
    }
    // The reader discards what a full line holds, if it does not keep up.
    wasFull |= almostFull;
    startUnknown |= arrivedBefore == 0 && almostFull;
    polledAt = now;
    arrivedBefore = produced;
    overrunBefore = overrunTotal;
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

  @Override
  public int available() {
    failCall();
    poll();
    if (unplugged) {
      return switch (properties.unplugged()) {
        case READS_NOTHING -> properties.bufferSamples();
        case THROWS -> throw new InjectedException();
        case SILENT -> 0;
      };
    }
    return filled;
  }

  @Override
  public int read(byte[] to) {
    failCall();
    poll();
    int wanted = to.length / properties.format().bytesPerSampleFrame();
    if (unplugged || stopped || closed || wanted > filled) {
      return 0;
    }
    if (firstRead < 0) {
      firstRead = buffer.getFirst().first();
      firstReadAt = time.nanoTime();
    }
    int done = 0;
    while (done < wanted) {
      Run run = buffer.remove();
      int count = (int) Math.min(wanted - done, run.count());
      SampleNumbers.write(properties.format(), run.first(), to, done, count);
      if (count < run.count()) {
        buffer.addFirst(new Run(run.first() + count, run.count() - count));
      }
      done += count;
    }
    filled -= wanted;
    return wanted;
  }

  @Override
  public void stop() {
    produce();
    stopped = true;
    failCall();
  }

  @Override
  public void close() {
    stopped = true;
    closed = true;
    failCall();
  }
}
