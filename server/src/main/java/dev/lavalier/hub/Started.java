package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;

/**
 * What was opened for a subscription, at the beginning of an epoch.
 *
 * @param epoch the epoch's number: microseconds since 1970 of its opening, always growing
 * @param captureFormat the format in which the device is captured
 * @param spec what the subscription gets, every default filled in
 */
public record Started(long epoch, PcmFormat captureFormat, SubscriptionSpec spec) {}
