package dev.lavalier.hub;

import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.StreamException.Reason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How many subscriptions run, by all that is limited. Safe for use from any thread: a place is
 * taken everywhere or nowhere, under a lock that is held for a few look-ups.
 */
final class SubscriberCounts {

  /**
   * One thing that is counted.
   *
   * @param whose the words of the refusal
   * @param flag the limit's name
   */
  private record Place(String flag, String whose, int limit) {

    StreamException refusal() {
      return new StreamException(
          Reason.LIMIT_REACHED,
          "subscribers: %d (expected: no more%s at a time; %s is reached)"
              .formatted(limit, whose, flag));
    }
  }

  private final SubscriberLimits limits;
  private final Map<Place, Integer> taken = new HashMap<>(); // guarded by this; none is zero

  SubscriberCounts(SubscriberLimits limits) {
    this.limits = limits;
  }

  /**
   * Takes a place for one more subscription, to be {@linkplain #leave given back} once.
   *
   * @throws StreamException LIMIT_REACHED, with the limit; nothing was taken then
   */
  synchronized void enter(Subscriber subscriber, String deviceId) throws StreamException {
    List<Place> places = places(subscriber, deviceId);
    for (Place place : places) {
      if (taken.getOrDefault(place, 0) >= place.limit()) {
        throw place.refusal();
      }
    }
    places.forEach(place -> taken.merge(place, 1, Integer::sum));
  }

  /** Gives back what {@link #enter} took. */
  synchronized void leave(Subscriber subscriber, String deviceId) {
    places(subscriber, deviceId)
        .forEach(place -> taken.computeIfPresent(place, (p, n) -> n == 1 ? null : n - 1));
  }

  /** The narrowest first: the refusal then tells the caller what the caller can change. */
  private List<Place> places(Subscriber subscriber, String deviceId) {
    Place connection =
        new Place(
            "max-subscribers-per-connection",
            " over one connection (" + subscriber.address() + ")",
            limits.perConnection());
    Place device = new Place("max-subscribers-per-device", " of " + deviceId, limits.perDevice());
    Place all = new Place("max-subscribers", "", limits.inAll());
    if (subscriber.identity().equals(Subscriber.ANONYMOUS)) {
      return List.of(connection, device, all);
    }
    Place identity =
        new Place(
            "max-subscribers-per-identity", " by " + subscriber.identity(), limits.perIdentity());
    return List.of(connection, identity, device, all);
  }
}
