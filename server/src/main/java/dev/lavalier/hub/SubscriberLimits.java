package dev.lavalier.hub;

/**
 * How many subscriptions may run at a time; one more is refused.
 *
 * @param total of all devices together
 * @param perDevice of one device
 * @param perConnection over one connection
 * @param perIdentity by one identity that was authenticated; {@link Subscribe#ANONYMOUS} is nobody
 *     in particular, and not counted
 */
public record SubscriberLimits(int total, int perDevice, int perConnection, int perIdentity) {

  /**
   * 2,000 in all, which may all hear one device, since most machines have one; and a quarter of
   * them for one connection or identity, so that no single one keeps all others out.
   */
  public static final SubscriberLimits DEFAULTS = new SubscriberLimits(2_000, 2_000, 500, 500);

  /** Makes one that limits the whole alone. */
  public static SubscriberLimits total(int limit) {
    return new SubscriberLimits(limit, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);
  }
}
