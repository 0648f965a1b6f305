package dev.lavalier.hub;

import java.time.Duration;
import java.util.Set;

/**
 * What a hub's operator decides.
 *
 * @param period how much is read from a line at a time
 * @param maxSubscribers subscriptions that may run at a time, of all devices together
 * @param stallLimit how long a subscriber may leave frames waiting before it is ended
 * @param history how much of what was captured is kept for those who come later, of each device
 *     that is open; zero: nothing
 * @param keptOpen the ids of devices that are open for that also while nobody subscribes
 */
public record HubConfig(
    Duration period,
    int maxSubscribers,
    Duration stallLimit,
    Duration history,
    Set<String> keptOpen) {

  /** Periods of 10 ms, 2,000 subscribers, 30 s; no history. */
  public static final HubConfig DEFAULTS =
      new HubConfig(Duration.ofMillis(10), 2_000, Duration.ofSeconds(30));

  /** Copies the set. */
  public HubConfig {
    keptOpen = Set.copyOf(keptOpen);
  }

  /** Makes one that keeps nothing. */
  public HubConfig(Duration period, int maxSubscribers, Duration stallLimit) {
    this(period, maxSubscribers, stallLimit, Duration.ZERO, Set.of());
  }
}
