package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts the active subscriptions for each limit. Safe for use from any thread. A subscription is
 * counted for all limits or for none, under a lock that is held only for a few map operations.
 */
final class SubscriptionQuotas {

  /**
   * A limit and the scope that it applies to.
   *
   * @param flag the name of the limit's flag
   * @param scope the scope, for the error message
   * @param limit maximum number of subscriptions
   */
  private record Quota(String flag, String scope, int limit) {

    StreamException limitReached() {
      return new StreamException(
          Reason.LIMIT_REACHED,
          "subscribers%s: the limit of %d is reached (%s); close a stream or try again later"
              .formatted(scope, limit, flag));
    }
  }

  private final SubscriberLimits limits;
  private final Map<Quota, Integer> inUse =
      new HashMap<>(); // guarded by this; values are at least 1

  SubscriptionQuotas(SubscriberLimits limits) {
    this.limits = limits;
  }

  /**
   * Counts one more subscription. It must be {@linkplain #release released} once.
   *
   * @throws StreamException LIMIT_REACHED, with the limit; the subscription is then not counted
   */
  synchronized void acquire(Subscriber subscriber, String deviceId) throws StreamException {
    List<Quota> quotas = quotas(subscriber, deviceId);
    for (Quota quota : quotas) {
      if (inUse.getOrDefault(quota, 0) >= quota.limit()) {
        throw quota.limitReached();
      }
    }
    quotas.forEach(quota -> inUse.merge(quota, 1, Integer::sum));
  }

  /** Releases a subscription that {@link #acquire} counted. */
  synchronized void release(Subscriber subscriber, String deviceId) {
    quotas(subscriber, deviceId)
        .forEach(quota -> inUse.computeIfPresent(quota, (p, n) -> n == 1 ? null : n - 1));
  }

  /**
   * Returns the limits of a subscription, the narrowest first, so that the error message names the
   * limit that the caller can influence.
   */
  private List<Quota> quotas(Subscriber subscriber, String deviceId) {
    Quota connection =
        new Quota(
            "max-subscribers-per-connection",
            " over one connection (" + subscriber.address() + ")",
            limits.perConnection());
    Quota device = new Quota("max-subscribers-per-device", " of " + deviceId, limits.perDevice());
    Quota all = new Quota("max-subscribers", "", limits.total());
    if (subscriber.identity().equals(Subscriber.ANONYMOUS)) {
      return List.of(connection, device, all);
    }
    Quota identity =
        new Quota(
            "max-subscribers-per-identity", " by " + subscriber.identity(), limits.perIdentity());
    return List.of(connection, identity, device, all);
  }
}
