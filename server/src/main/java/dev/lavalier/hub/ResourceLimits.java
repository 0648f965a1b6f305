package dev.lavalier.hub;

/**
 * The limits on the memory and the processor time that subscriptions use. A caller is a connection,
 * and also an authenticated identity with all its connections. Immutable.
 *
 * @param memoryBytes memory of all streams: rings, converters, replays, and what is not sent yet
 * @param memoryBytesPerCaller the same for one caller
 * @param historyBytes memory of the histories of all open devices
 * @param framesPerSecond frames of all streams together
 * @param framesPerSecondPerCaller the same for one caller
 * @param conversionShare the processor time that the conversions of one device may take, as a share
 *     of one processor
 * @param conversionSharePerCaller the same for the conversions of one caller on all devices
 * @param channelFactor how many channels a stream may have for each captured channel
 */
public record ResourceLimits(
    long memoryBytes,
    long memoryBytesPerCaller,
    long historyBytes,
    int framesPerSecond,
    int framesPerSecondPerCaller,
    double conversionShare,
    double conversionSharePerCaller,
    int channelFactor) {

  /** No limits. */
  public static final ResourceLimits NONE =
      new ResourceLimits(
          Long.MAX_VALUE,
          Long.MAX_VALUE,
          Long.MAX_VALUE,
          Integer.MAX_VALUE,
          Integer.MAX_VALUE,
          Double.MAX_VALUE,
          Double.MAX_VALUE,
          Integer.MAX_VALUE);
}
