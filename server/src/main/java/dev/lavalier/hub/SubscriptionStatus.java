package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;

/**
 * A subscription at one moment.
 *
 * @param id its number, from 1, in the order of their coming
 * @param subscriber whose it is
 * @param deviceId of what
 * @param format the format of its frames
 * @param frameSize samples per channel in each of them
 * @param sinceUnixNanos when it was made, in nanoseconds since 1970-01-01T00:00Z
 * @param frames how many it has been sent
 * @param bytes how many bytes these were, as messages of the contract
 * @param samplesLost how many samples per channel lay in its gaps
 */
public record SubscriptionStatus(
    long id,
    Subscriber subscriber,
    String deviceId,
    PcmFormat format,
    int frameSize,
    long sinceUnixNanos,
    long frames,
    long bytes,
    long samplesLost) {

  /** Returns how many samples per channel it has been sent. */
  public long samples() {
    return frames * frameSize;
  }
}
