package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How many subscriptions run, by all that is limited. Safe for use from any thread: a place is
 * taken everywhere or nowhere, under a lock that is held for a few look-ups.
 */
final class SubscriptionQuotas {

  /**
   * One thing that is counted.
   *
   * @param scope the words of the refusal
   * @param flag the limit's name
   */
  private record Quota(String flag, String scope, int limit) {

    StreamException limitReached() {
      return new StreamException(
          Reason.LIMIT_REACHED,
          "subscribers: %d (expected: no more%s at a time; %s is reached)"
              .formatted(limit, scope, flag));
    }
  }

  private final SubscriberLimits limits;
  private final Map<Quota, Integer> inUse = new HashMap<>(); // guarded by this; none is zero

  SubscriptionQuotas(SubscriberLimits limits) {
    this.limits = limits;
  }

  /**
   * Takes a place for one more subscription, to be {@linkplain #release given back} once.
   *
   * @throws StreamException LIMIT_REACHED, with the limit; nothing was taken then
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

  /** Gives back what {@link #acquire} took. */
  synchronized void release(Subscriber subscriber, String deviceId) {
    quotas(subscriber, deviceId)
        .forEach(quota -> inUse.computeIfPresent(quota, (p, n) -> n == 1 ? null : n - 1));
  }

  /** The narrowest first: the refusal then tells the caller what the caller can change. */
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
