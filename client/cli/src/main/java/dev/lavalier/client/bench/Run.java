package dev.lavalier.client.bench;

import io.grpc.Status;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;

/**
 * What the subscribers of a run share: how many have come how far, and which frames count. Those
 * are chosen by their sample index, once every subscriber has had a frame: so they are the same for
 * each, and how many are expected is known to the frame. The stream itself is the clock of a run.
 *
 * <p>Called by the event loops at a few moments of each subscriber, not for each frame, except for
 * {@link #from}, {@link #to} and {@link #recordWarmupLatency}; and by the one thread that waits.
 */
final class Run {

  private static final long UNSET = Long.MAX_VALUE;
  private static final int MS_PER_SECOND = 1_000;

  /** No live stream is as late as that at best: the clocks disagree. */
  private static final long MAX_PLAUSIBLE_LATENCY_NANOS = 1_000_000_000L;

  /** Where they do, what is still counted exactly should a later frame come faster. */
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
  private StreamEvent.Opened stream;
  private int subscribersWithFrames;
  private long latencyBase = UNSET;
  private boolean stopped;

  Run(BenchOptions options, LoadGenerator.BoundedWait wait) {
    this.options = options;
    this.wait = wait;
    this.opened = new CountDownLatch(options.subscribers());
    this.finished = new CountDownLatch(options.subscribers());
  }

  /** A subscriber was told what was opened. */
  synchronized void onOpened(StreamEvent.Opened event) {
    stream = event;
    epochs.merge(event.epoch(), 1, Integer::sum);
  }

  /** A subscriber has its first frame. */
  synchronized void onFirstFrame(long sampleIndex) {
    subscribersWithFrames++;
    if (subscribersWithFrames == options.subscribers()) {
      BenchReport.Stream streamInfo = stream.stream();
      // Others may be ahead of the last one, though by no more than the bound.
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

  /** Takes note of the latency of a frame that does not count yet. */
  void recordWarmupLatency(long latencyNanos) {
    minLatency.accumulate(latencyNanos);
  }

  /** Returns the index of the first sample that counts; the largest long as long as none does. */
  long from() {
    return from;
  }

  /** Returns the index behind the last sample that counts. */
  long to() {
    return to;
  }

  /** A subscriber comes to the frames that count. Returns what to take off its latencies. */
  synchronized long startCounting() {
    if (latencyBase == UNSET) {
      long minLatencyNanos = minLatency.get();
      latencyBase = minLatencyNanos < 0 || minLatencyNanos > MAX_PLAUSIBLE_LATENCY_NANOS ? minLatencyNanos - HEADROOM_NANOS : 0;
    }
    countingStarted.countDown();
    return latencyBase;
  }

  /** A subscriber is through. */
  synchronized void onFinished() {
    if (!stopped) {
      finished.countDown();
    }
  }

  /** A subscriber's stream ended before it was through. */
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
   * Waits until each subscriber has a frame.
   *
   * @throws BenchException where one has not, in one line
   */
  void awaitOpen(long seconds) throws BenchException, InterruptedException {
    var unused = opened.await(seconds, TimeUnit.SECONDS);
    synchronized (this) {
      boolean allOpened = subscribersWithFrames == options.subscribers(); // though some may have ended since
      if (!allOpened && subscribersWithFrames == 0 && ended.size() == 1) {
        throw new BenchException(descriptionOf(mostFrequent(ended)));
      }
      if (!allOpened && !ended.isEmpty()) {
        throw new BenchException(
            "%d of %d subscribers were refused, or ended before all were there: %s"
                .formatted(total(ended), options.subscribers(), mostFrequent(ended)));
      }
      if (!allOpened) {
        throw new BenchException(
            "%d of %d subscribers had a frame within %d s"
                .formatted(subscribersWithFrames, options.subscribers(), seconds));
      }
      if (epochs.size() > 1) {
        throw new BenchException(
            "the device was opened anew while the subscribers came; try again");
      }
    }
  }

  /** A request that nobody can be served by: the server's own words are the plainest. */
  private static String descriptionOf(String description) {
    return description.substring(description.indexOf(": ") < 0 ? 0 : description.indexOf(": ") + 2);
  }

  private static int total(Map<String, Integer> counts) {
    return counts.values().stream().mapToInt(Integer::intValue).sum();
  }

  private static String mostFrequent(Map<String, Integer> counts) {
    return counts.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }

  /** Waits until the first subscriber comes to the frames that count, or all have ended. */
  boolean awaitCountingStart(double seconds) throws InterruptedException {
    return wait.await(countingStarted, seconds);
  }

  /** Waits until all are through, or have ended; what happens to them afterwards does not count. */
  void awaitFinish(double seconds) throws InterruptedException {
    var unused = wait.await(finished, seconds);
    synchronized (this) {
      stopped = true;
    }
  }

  /** Returns how many are neither through nor ended. */
  int stalledStreams() {
    return (int) finished.getCount();
  }

  /** Returns how the streams ended that did so too early. */
  synchronized Map<String, Integer> ended() {
    return Map.copyOf(ended);
  }

  /** Returns what was opened; after {@link #awaitOpen}. */
  synchronized BenchReport.Stream stream() {
    return stream.stream();
  }

  /** Returns what was taken off the latencies; 0: nothing. */
  synchronized long latencyBase() {
    return latencyBase == UNSET ? 0 : latencyBase;
  }
}
