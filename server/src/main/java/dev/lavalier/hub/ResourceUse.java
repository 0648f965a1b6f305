package dev.lavalier.hub;

/**
 * The resources that are reserved for the active subscriptions and the open devices. {@link
 * ResourceLimits} has their limits. Immutable.
 *
 * @param memoryBytes memory of the streams
 * @param historyBytes memory of the histories
 * @param framesPerSecond frames of all streams together
 * @param conversionShare estimated processor time of all conversions, as a share of one processor
 */
public record ResourceUse(
    long memoryBytes, long historyBytes, long framesPerSecond, double conversionShare) {}
