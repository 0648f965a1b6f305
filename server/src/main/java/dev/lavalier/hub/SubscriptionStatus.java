package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.pipeline.StreamCodec;

/**
 * The status of a subscription at one moment. Immutable.
 *
 * @param id number of the subscription, from 1, in the order of creation
 * @param subscriber the caller that subscribed
 * @param deviceId the device
 * @param format the format of the frames
 * @param frameSize samples per channel in a frame
 * @param codec encodes the frames, or measures the levels of intervals of this size
 * @param sinceUnixNanos unix time of its creation in nanoseconds since 1970-01-01T00:00Z
 * @param frames number of frames sent
 * @param bytes size of these frames as messages of the contract
 * @param samplesLost number of samples per channel in its gaps
 */
public record SubscriptionStatus(
    long id,
    Subscriber subscriber,
    String deviceId,
    PcmFormat format,
    int frameSize,
    StreamCodec codec,
    long sinceUnixNanos,
    long frames,
    long bytes,
    long samplesLost) {

  /** Returns the number of samples per channel that were sent. */
  public long samples() {
    return frames * frameSize;
  }
}
