package dev.lavalier.client.bench;

import java.util.Map;

/**
 * What the subscribers saw of the frames that were counted: the same ones for every subscriber,
 * chosen by their sample index. All is summed over the subscribers.
 *
 * @param stream what the server opened
 * @param framesExpected frames counted, times subscribers
 * @param framesDelivered those of them that came
 * @param gaps gaps by cause, without those that did not occur. Gaps may also lie partly outside of
 *     what was counted: of those, the part inside counts
 * @param ended streams that the server or the network ended before the run was over, by status
 * @param stalledStreams streams that neither ended nor came to the end of the run in time
 * @param clocksAgree whether the wall clocks of the two machines agree well enough for {@code
 *     latency} and {@code captureToOnNext} to be absolute. Where not, the least latency that was
 *     seen is taken for 0, and both are relative to it
 * @param latency from the end of the server's reading of a frame to its arrival at a subscriber
 * @param captureToOnNext from the capture of a frame's first sample to its arrival
 * @param spread of each frame, from its arrival at the first subscriber to that at the last
 * @param interval of each subscriber, from the arrival of one frame to that of the next
 * @param generatorLoad what the run asked of its own machine
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

  /** Makes the maps its own. */
  public BenchReport {
    gaps = Map.copyOf(gaps);
    ended = Map.copyOf(ended);
  }

  /**
   * What the server opened.
   *
   * @param deviceId the device, also where the default was asked for
   * @param sampleRateHz samples per second and channel
   * @param frameSize samples per channel in a frame
   * @param maxLatencyMs the bound that was granted
   */
  public record Stream(String deviceId, int sampleRateHz, int frameSize, int maxLatencyMs) {}

  /** Why samples are missing. */
  public enum Cause {
    /** The subscriber did not take the frames in time. */
    SLOW_SUBSCRIBER,
    /** The device or its driver lost them. */
    DEVICE_OVERRUN,
    /** The device was lost, and is back. */
    DEVICE_LOST,
    /** The server tells of a gap whose cause this program does not know. */
    UNKNOWN,
    /** The sample index moved on, and no gap said so, or another one: the server is at fault. */
    UNTOLD
  }

  /**
   * Gaps of one cause.
   *
   * @param count how many
   * @param samples how many samples per channel are missing in them
   */
  public record Gaps(long count, long samples) {
    Gaps plus(Gaps other) {
      return new Gaps(count + other.count, samples + other.samples);
    }
  }
}
