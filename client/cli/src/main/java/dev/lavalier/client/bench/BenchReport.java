package dev.lavalier.client.bench;

import java.util.Map;

/**
 * What the subscribers received of the measured frames. The measured frames are chosen by sample
 * index and are the same for every subscriber. All values are totals over the subscribers.
 *
 * @param stream what the server opened
 * @param framesExpected the number of measured frames, times the number of subscribers
 * @param framesDelivered how many of those frames arrived
 * @param gaps gaps by cause; causes without a gap are absent. A gap with several causes counts for
 *     each of them, with the samples of that cause. If a gap lies partly outside the measured
 *     samples, only the samples inside count
 * @param ended streams that the server or the network ended before the run was over, by status
 * @param stalledStreams streams that neither ended nor reached the end of the run in time
 * @param clocksAgree whether the wall clocks of the two machines agree well enough for {@code
 *     latency} and {@code captureToOnNext} to be absolute. If false, both are relative to the
 *     lowest latency measured, which counts as 0
 * @param latency the time from when the server had read a frame to its arrival at a subscriber
 * @param captureToOnNext the time from the capture of a frame's first sample to its arrival
 * @param spread for each frame, the time from its arrival at the first subscriber to its arrival at
 *     the last
 * @param interval for each subscriber, the time from the arrival of one frame to the arrival of the
 *     next
 * @param generatorLoad the load of the run on its own machine
 */
public record BenchReport(
    Stream stream,
    long framesExpected,
    long framesDelivered,
    Map<Cause, Gaps> gaps,
    Map<String, Integer> ended,
    int stalledStreams,
    boolean clocksAgree,
    LatencySummary latency,
    LatencySummary captureToOnNext,
    LatencySummary spread,
    LatencySummary interval,
    GeneratorLoad generatorLoad) {

  /** Copies the maps. */
  public BenchReport {
    gaps = Map.copyOf(gaps);
    ended = Map.copyOf(ended);
  }

  /**
   * What the server opened.
   *
   * @param deviceId the device; never empty, even if the default was requested
   * @param sampleRateHz samples per second and channel
   * @param frameSize samples per channel in a frame
   * @param maxLatencyMs the maximum time that a frame may wait on the server, in milliseconds, as
   *     granted
   */
  public record Stream(String deviceId, int sampleRateHz, int frameSize, int maxLatencyMs) {}

  /** Why samples are missing. */
  public enum Cause {
    /** The subscriber did not take the frames in time. */
    SLOW_SUBSCRIBER,
    /** The device or its driver lost them. */
    DEVICE_OVERRUN,
    /** The device was lost and is available again. */
    DEVICE_LOST,
    /** The server was too busy to read the samples or to send the frames in time. */
    SERVER_OVERLOAD,
    /** They were lost between the machine that captured them and the server. */
    UPSTREAM,
    /** The server reports a gap with a cause that this program does not know. */
    UNKNOWN,
    /**
     * The sample index jumped, and the server reported no gap or a different one: a fault of the
     * server.
     */
    UNTOLD
  }

  /**
   * Gaps of one cause.
   *
   * @param count the number of gaps
   * @param samples the number of missing samples per channel
   */
  public record Gaps(long count, long samples) {
    Gaps plus(Gaps other) {
      return new Gaps(count + other.count, samples + other.samples);
    }
  }
}
