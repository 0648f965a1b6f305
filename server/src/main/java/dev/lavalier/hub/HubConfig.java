package dev.lavalier.hub;

import java.time.Duration;

/**
 * What a hub's operator decides.
 *
 * @param period how much is read from a line at a time
 * @param maxSubscribers subscriptions that may run at a time, of all devices together
 * @param stallLimit how long a subscriber may leave frames waiting before it is ended
 */
public record HubConfig(Duration period, int maxSubscribers, Duration stallLimit) {

  /** Periods of 10 ms, 2,000 subscribers, 30 s. */
  public static final HubConfig DEFAULTS =
      new HubConfig(Duration.ofMillis(10), 2_000, Duration.ofSeconds(30));
}
