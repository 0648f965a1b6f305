package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.line.AudioLine;
import dev.lavalier.simulation.SimulatedDevice.InjectedException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A line with a bounded buffer and its own crystal. Each captured sample has a number, which counts
 * real time at the line's actual rate, and is the sample's value. Numbers that do not reach the
 * reader are recorded as losses in its {@link LineTruth}.
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
   * @param silentSamples samples that are zero at first; 0: none
   * @param burst samples that arrive at once, 1 or more
   */
  record Properties(
      PcmFormat format,
      int bufferSamples,
      double ppm,
      int burst,
      long startNanos,
      long silentSamples,
      Overrun overrun,
      Unplugged unplugged) {

    /** Returns the samples that are captured in a second of real time. */
    double actualRate() {
      return format.sampleRateHz() * (1 + ppm / 1e6);
    }
  }

  /** Samples with consecutive numbers. */
  private record Run(long first, long count) {}

  private final Properties properties;
  private final VirtualTime time;
  private final LineTruth truth;
  private final Deque<Run> buffer = new ArrayDeque<>();
  private int filled;
  private long startedAt = -1; // physical time; -1: not started
  private long produced; // the number of the next sample that arrives
  private long silentUntil; // the device does not deliver samples with smaller numbers
  private long heldUntil; // physical time until which samples do not arrive
  private boolean unplugged;
  private boolean stopped;
  private boolean closed;
  private @Nullable Throwable nextCall; // fails with this; null: succeeds

  SimulatedLine(Properties properties, VirtualTime time) {
    this.properties = properties;
    this.time = time;
    this.truth = new LineTruth(properties, time);
  }

  /** Returns what really happens to the samples. */
  LineTruth truth() {
    return truth;
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
    truth.held(nanos);
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

  // Samples.

  private long numberAfter(long nanos) {
    return (long) (nanos / 1e9 * properties.actualRate());
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
        truth.lost(produced, until - produced, false);
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
        truth.lost(first + room, count - room, true);
      }
      case DROP_OLDEST -> {
        long kept = Math.min(count, properties.bufferSamples());
        dropOldest(filled + kept - properties.bufferSamples());
        truth.lost(first, count - kept, true);
        append(first + count - kept, kept);
      }
      case RESTART -> {
        dropOldest(filled);
        truth.lost(first, count, true);
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
      truth.lost(run.first(), dropped, true);
      if (dropped < run.count()) {
        buffer.addFirst(new Run(run.first() + dropped, run.count() - dropped));
      }
      left -= dropped;
      filled -= (int) dropped;
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
    startedAt = time.physicalNanos() + properties.startNanos();
    truth.started(startedAt);
  }

  private void poll() {
    produce();
    truth.polled(filled, produced);
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
    if (wanted > 0) {
      truth.read(buffer.getFirst().first(), wanted);
    }
    int done = 0;
    while (done < wanted) {
      Run run = buffer.remove();
      int count = (int) Math.min(wanted - done, run.count());
      SampleNumbers.write(properties.format(), run.first(), to, done, count);
      silence(run.first(), to, done, count);
      if (count < run.count()) {
        buffer.addFirst(new Run(run.first() + count, run.count() - count));
      }
      done += count;
    }
    filled -= wanted;
    return wanted;
  }

  private void silence(long first, byte[] to, int from, int count) {
    int silent = (int) Math.max(0, Math.min(count, properties.silentSamples() - first));
    int bytes = properties.format().bytesPerSampleFrame();
    Arrays.fill(to, from * bytes, (from + silent) * bytes, (byte) 0);
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
