package dev.lavalier.hub;

/**
 * The maximum numbers of concurrent subscriptions. Further subscriptions are refused. Immutable.
 *
 * @param total for all devices together
 * @param perDevice for each device
 * @param perConnection for each connection
 * @param perIdentity for each authenticated identity; does not apply to {@link
 *     Subscriber#ANONYMOUS}
 */
public record SubscriberLimits(int total, int perDevice, int perConnection, int perIdentity) {

  /**
   * 2,000 in total, all of which may use one device, because most machines have one. One connection
   * or identity can have a quarter of them, so that it cannot lock out all others.
   */
  public static final SubscriberLimits DEFAULTS = new SubscriberLimits(2_000, 2_000, 500, 500);

  /** Returns limits that restrict only the total number. */
  public static SubscriberLimits total(int limit) {
    return new SubscriberLimits(limit, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);
  }
}
