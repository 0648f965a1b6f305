package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;

/**
 * What was opened for a subscription, at the beginning of an epoch.
 *
 * @param epoch the epoch's number: microseconds since 1970 of its opening, always growing
 * @param conversion what is captured, what is delivered, and what is done in between
 * @param spec what the subscription gets, every default filled in
 * @param prerollMillis how much of what was captured before it began is sent first
 */
public record StreamStart(
    long epoch, Conversion conversion, SubscriptionSpec spec, int prerollMillis) {}
