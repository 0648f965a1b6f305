package dev.lavalier.client.bench;

import io.grpc.Status;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;
import org.jspecify.annotations.Nullable;

/**
 * The state that the subscribers of a run share: their progress and which frames are measured. The
 * measured frames are chosen by sample index once every subscriber has received a frame. They are
 * therefore the same for each subscriber, and their expected number is exact. The stream itself is
 * the clock of a run.
 *
 * <p>The event loops call it a few times per subscriber, not for each frame, except for {@link
 * #from}, {@link #to} and {@link #recordWarmupLatency}. One other thread calls the methods that
 * wait.
 */
final class Run {

  private static final long UNSET = Long.MAX_VALUE;
  private static final int MS_PER_SECOND = 1_000;

  /** No live stream has a lowest latency beyond this: the clocks disagree. */
  private static final long MAX_PLAUSIBLE_LATENCY_NANOS = 1_000_000_000L;

  /**
   * If the clocks disagree, a later frame may be faster by this much and is still measured exactly.
   */
  private static final long HEADROOM_NANOS = 1_000_000L;

  private final BenchOptions options;
  private final LoadGenerator.BoundedWait wait;
  private final CountDownLatch opened;
  private final CountDownLatch finished;
  private final CountDownLatch countingStarted = new CountDownLatch(1);
  private final LongAccumulator minLatency = new LongAccumulator(Math::min, Long.MAX_VALUE);

  private volatile long from = UNSET;
  private volatile long to = UNSET;

  // Guarded by this.
  private final Map<String, Integer> ended = new HashMap<>();
  private final Map<Long, Integer> epochs = new HashMap<>();
  private StreamEvent.@Nullable Opened stream;
  private int subscribersWithFrames;
  private long latencyBase = UNSET;
  private boolean stopped;

  Run(BenchOptions options, LoadGenerator.BoundedWait wait) {
    this.options = options;
    this.wait = wait;
    this.opened = new CountDownLatch(options.subscribers());
    this.finished = new CountDownLatch(options.subscribers());
  }

  /** Records that a subscriber's stream was opened. */
  synchronized void onOpened(StreamEvent.Opened event) {
    stream = event;
    epochs.merge(event.epoch(), 1, Integer::sum);
  }

  /** Records that a subscriber received its first frame. */
  synchronized void onFirstFrame(long sampleIndex) {
    subscribersWithFrames++;
    if (subscribersWithFrames == options.subscribers()) {
      BenchReport.Stream streamInfo = stream.stream();
      // Other subscribers may be ahead of the last one, but by no more than maxLatency.
      double warmup = options.warmupSeconds() + (double) streamInfo.maxLatencyMs() / MS_PER_SECOND;
      long first = sampleIndex + streamInfo.frameSize() * (1 + frames(warmup));
      to = first + streamInfo.frameSize() * Math.max(1, frames(options.seconds()));
      from = first;
    }
    opened.countDown();
  }

  private long frames(double seconds) {
    BenchReport.Stream streamInfo = stream.stream();
    return Math.round(seconds * streamInfo.sampleRateHz() / streamInfo.frameSize());
  }

  /** Records the latency of a frame before the measurement. */
  void recordWarmupLatency(long latencyNanos) {
    minLatency.accumulate(latencyNanos);
  }

  /** Returns the index of the first measured sample; {@link Long#MAX_VALUE} until it is known. */
  long from() {
    return from;
  }

  /** Returns the index after the last measured sample; {@link Long#MAX_VALUE} until it is known. */
  long to() {
    return to;
  }

  /**
   * Records that a subscriber reached the measured frames. Returns the value to subtract from its
   * latencies, in nanoseconds.
   */
  synchronized long startCounting() {
    if (latencyBase == UNSET) {
      long minLatencyNanos = minLatency.get();
      latencyBase =
          minLatencyNanos < 0 || minLatencyNanos > MAX_PLAUSIBLE_LATENCY_NANOS
              ? minLatencyNanos - HEADROOM_NANOS
              : 0;
    }
    countingStarted.countDown();
    return latencyBase;
  }

  /** Records that a subscriber received its last measured frame. */
  synchronized void onFinished() {
    if (!stopped) {
      finished.countDown();
    }
  }

  /** Records that a subscriber's stream ended early. */
  synchronized void onEnded(Status status, boolean hadFrames) {
    if (stopped) {
      return;
    }
    ended.merge(describe(status), 1, Integer::sum);
    if (!hadFrames) {
      opened.countDown();
    }
    finished.countDown();
    if (finished.getCount() == 0) {
      countingStarted.countDown();
    }
  }

  private static String describe(Status status) {
    String description = status.getDescription();
    return description == null
        ? status.getCode().toString()
        : status.getCode() + ": " + description.lines().findFirst().orElse("");
  }

  /**
   * Waits until each subscriber has received a frame.
   *
   * @throws BenchException if one has not within {@code seconds}; the message is one line
   */
  void awaitOpen(long seconds) throws BenchException, InterruptedException {
    var unused = opened.await(seconds, TimeUnit.SECONDS);
    synchronized (this) {
      boolean allOpened =
          subscribersWithFrames == options.subscribers(); // some may have ended since
      if (!allOpened && subscribersWithFrames == 0 && ended.size() == 1) {
        throw new BenchException(descriptionOf(mostFrequent(ended)));
      }
      if (!allOpened && !ended.isEmpty()) {
        throw new BenchException(
            "%d of %d subscribers were rejected or ended before all had a frame: %s"
                .formatted(total(ended), options.subscribers(), mostFrequent(ended)));
      }
      if (!allOpened) {
        throw new BenchException(
            "%d of %d subscribers received a frame within %d s"
                .formatted(subscribersWithFrames, options.subscribers(), seconds));
      }
      if (epochs.size() > 1) {
        throw new BenchException(
            "the device was reopened while the subscribers connected; try again");
      }
    }
  }

  /**
   * Returns the server's description without the status code: if one status ended all subscribers,
   * the request itself is at fault.
   */
  private static String descriptionOf(String description) {
    return description.substring(description.indexOf(": ") < 0 ? 0 : description.indexOf(": ") + 2);
  }

  private static int total(Map<String, Integer> counts) {
    return counts.values().stream().mapToInt(Integer::intValue).sum();
  }

  private static String mostFrequent(Map<String, Integer> counts) {
    return counts.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }

  /**
   * Waits until the first subscriber reaches the measured frames or all have ended; returns false
   * after a timeout.
   */
  boolean awaitCountingStart(double seconds) throws InterruptedException {
    return wait.await(countingStarted, seconds);
  }

  /**
   * Waits until all subscribers have finished or ended, or until the timeout. Later events do not
   * count.
   */
  void awaitFinish(double seconds) throws InterruptedException {
    var unused = wait.await(finished, seconds);
    synchronized (this) {
      stopped = true;
    }
  }

  /** Returns the number of subscribers that have neither finished nor ended. */
  int stalledStreams() {
    return (int) finished.getCount();
  }

  /** Returns the number of streams that ended early, by status. */
  synchronized Map<String, Integer> ended() {
    return Map.copyOf(ended);
  }

  /** Returns the opened stream; call it only after {@link #awaitOpen}. */
  synchronized BenchReport.Stream stream() {
    return stream.stream();
  }

  /** Returns the value that was subtracted from the latencies, in nanoseconds. */
  synchronized long latencyBase() {
    return latencyBase == UNSET ? 0 : latencyBase;
  }
}
