package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;

/**
 * The properties of a stream at the start of an epoch. Immutable.
 *
 * @param epoch the number of the epoch: the unix time of its opening in microseconds, always
 *     increasing
 * @param conversion the conversion from the capture format to the delivery format
 * @param spec the parameters of the subscription, including defaults
 * @param maxLatencyMs maximum age of a waiting frame that was granted, in milliseconds
 * @param prerollMillis length of the earlier audio that is sent first, in milliseconds
 */
public record StreamStart(
    long epoch,
    Conversion conversion,
    SubscriptionSpec spec,
    int maxLatencyMs,
    int prerollMillis) {}
