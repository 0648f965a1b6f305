package dev.lavalier.client.it;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.Notice;
import dev.lavalier.client.StreamOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/**
 * A subscriber in the background to a device of which the value of each sample is its index, modulo
 * 2^16: {@link FleetProcesses#countingSound}. It compares each sample with its index, and each
 * index with the samples and gaps before it.
 */
final class CountingStream implements AutoCloseable {

  /**
   * What a stream has received since it was opened, or since {@link #restartCounts}.
   *
   * @param samples in frames
   * @param lost samples in gaps, by cause
   * @param estimated those of them that are estimated
   * @param oldest the largest age of a frame when it was read, by the wall clock of this machine
   * @param longestPause the longest time between two frames
   * @param epochs all epochs since the stream was opened
   * @param notices all notices since the stream was opened
   * @param end why the stream ended; empty: it has not
   */
  record Heard(
      long samples,
      Map<Gap.Cause, Long> lost,
      long estimated,
      Duration oldest,
      Duration longestPause,
      List<Long> epochs,
      List<Notice> notices,
      String end) {

    long lostSamples() {
      return lost.values().stream().mapToLong(Long::longValue).sum();
    }

    boolean has(Notice.Kind kind) {
      return notices.stream().anyMatch(notice -> notice.kind() == kind);
    }
  }

  private final LavalierClient client;
  private final FrameStream stream;
  private final Thread thread;

  // All guarded by this.
  private final Map<Gap.Cause, Long> lost = new EnumMap<>(Gap.Cause.class);
  private final List<Long> epochs = new ArrayList<>();
  private final List<Notice> notices = new ArrayList<>();
  private long samples;
  private long estimated;
  private long oldestNanos;
  private long longestPauseNanos;
  private long lastReadNanos = System.nanoTime();
  private long nextIndex;
  private String end = "";
  private boolean wrong;

  CountingStream(String address, StreamOptions options) throws LavalierException {
    this(ConnectOptions.builder(address).build(), options);
  }

  CountingStream(ConnectOptions server, StreamOptions options) throws LavalierException {
    client = LavalierClient.connect(server);
    try {
      stream = client.stream(options);
    } catch (LavalierException | RuntimeException e) {
      client.close();
      throw e;
    }
    stream.onNotice(this::onNotice);
    thread = new Thread(this::readFrames, "counting");
    thread.setDaemon(true);
    thread.start();
  }

  /** Returns options that never drop a frame because the machine is busy. */
  static StreamOptions patient(String deviceId) {
    return StreamOptions.builder().deviceId(deviceId).maxLatency(Duration.ofSeconds(10)).build();
  }

  private synchronized void onNotice(Notice notice) {
    notices.add(notice);
    notifyAll();
  }

  private void readFrames() {
    String reason = "closed";
    try {
      Frame frame;
      while ((frame = stream.read()) != null) {
        onFrame(frame);
      }
    } catch (LavalierException e) {
      reason = e.kind() + ": " + e.getMessage();
    } catch (IllegalStateException e) {
      reason = "wrong: " + e.getMessage();
      synchronized (this) {
        wrong = true;
      }
    }
    synchronized (this) {
      end = reason;
      notifyAll();
    }
  }

  private synchronized void onFrame(Frame frame) {
    checkSamples(frame);
    long epoch = stream.start().epoch();
    if (epochs.isEmpty() || epochs.get(epochs.size() - 1) != epoch) {
      check(epochs.isEmpty() || frame.gap().isPresent(), "no gap before the epoch", epoch);
      check(epochs.stream().allMatch(before -> before < epoch), "too small an epoch", epoch);
      epochs.add(epoch);
    } else {
      long missing = frame.gap().map(Gap::sampleCount).orElse(0L);
      check(frame.sampleIndex() == nextIndex + missing, "expected " + nextIndex + " +", missing);
    }
    for (Gap.Part part : frame.gap().map(Gap::parts).orElse(List.of())) {
      lost.merge(part.cause(), part.sampleCount(), Long::sum);
      estimated += part.estimated() ? part.sampleCount() : 0;
    }
    nextIndex = frame.sampleIndex() + frame.sampleCount();
    samples += frame.sampleCount();
    long now = System.nanoTime();
    longestPauseNanos = Math.max(longestPauseNanos, now - lastReadNanos);
    lastReadNanos = now;
    long unixNanos = TimeUnit.MILLISECONDS.toNanos(Instant.now().toEpochMilli());
    oldestNanos =
        Math.max(oldestNanos, unixNanos - frame.captureTimeUnixNanos() - frame.readDelayNanos());
    notifyAll();
  }

  private static void checkSamples(Frame frame) {
    short[] values = frame.shorts();
    for (int i = 0; i < values.length; i++) {
      check(
          values[i] == (short) (frame.sampleIndex() + i),
          "a sample of another index at",
          frame.sampleIndex() + i);
    }
  }

  private static void check(boolean holds, String message, long value) {
    if (!holds) {
      throw new IllegalStateException(message + " " + value);
    }
  }

  /** Returns what the stream has received so far. */
  synchronized Heard heard() {
    return new Heard(
        samples,
        Map.copyOf(lost),
        estimated,
        Duration.ofNanos(oldestNanos),
        Duration.ofNanos(longestPauseNanos),
        List.copyOf(epochs),
        List.copyOf(notices),
        end);
  }

  /** Counts again from 0, except epochs and notices. */
  synchronized void restartCounts() {
    lost.clear();
    samples = 0;
    estimated = 0;
    oldestNanos = 0;
    longestPauseNanos = 0;
    lastReadNanos = System.nanoTime();
  }

  /** Waits until the stream has received something. */
  synchronized Heard await(long seconds, String description, Predicate<Heard> condition)
      throws InterruptedException, TimeoutException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!condition.test(heard())) {
      long remaining = deadline - System.nanoTime();
      if (remaining <= 0 || wrong) {
        throw new TimeoutException("no %s: %s".formatted(description, heard()));
      }
      TimeUnit.NANOSECONDS.timedWait(this, remaining);
    }
    return heard();
  }

  /** Waits for some more samples. */
  Heard awaitSamples(long count) throws InterruptedException, TimeoutException {
    long target = heard().samples() + count;
    return await(20, count + " samples", heard -> heard.samples() >= target);
  }

  /** Waits for some more samples of each stream. */
  static void awaitSamples(List<CountingStream> streams, long count)
      throws InterruptedException, TimeoutException {
    List<Long> targets = streams.stream().map(each -> each.heard().samples() + count).toList();
    for (int i = 0; i < streams.size(); i++) {
      long target = targets.get(i);
      streams.get(i).await(20, count + " samples", heard -> heard.samples() >= target);
    }
  }

  /** Ends the stream, and fails if a sample or an index was wrong. */
  @Override
  public void close() {
    stream.close();
    Uninterruptibles.joinUninterruptibly(thread);
    client.close();
    if (wrong) {
      throw new AssertionError(end);
    }
  }
}
