package dev.lavalier.hub;

import java.time.Duration;
import java.util.Set;

/**
 * What a hub's operator decides.
 *
 * @param limits how many subscriptions may run at a time
 * @param stallTimeout how long a subscriber may leave frames waiting before it is ended
 * @param history how much of what was captured is kept for those who come later, of each device
 *     that is open; zero: nothing
 * @param keptOpen the ids of devices that are open for that also while nobody subscribes
 */
public record HubConfig(
    SubscriberLimits limits, Duration stallTimeout, Duration history, Set<String> keptOpen) {

  /** The default limits, 30 s, no history. */
  public static final HubConfig DEFAULTS =
      new HubConfig(SubscriberLimits.DEFAULTS, Duration.ofSeconds(30));

  /** Copies the set. */
  public HubConfig {
    keptOpen = Set.copyOf(keptOpen);
  }

  /** Creates a configuration without history. */
  public HubConfig(SubscriberLimits limits, Duration stallTimeout) {
    this(limits, stallTimeout, Duration.ZERO, Set.of());
  }
}
