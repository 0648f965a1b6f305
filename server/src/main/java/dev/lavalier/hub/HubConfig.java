package dev.lavalier.hub;

import java.time.Duration;
import java.util.Set;

/**
 * The configuration of a hub. Immutable.
 *
 * @param limits the maximum numbers of concurrent subscriptions
 * @param resources the limits on their memory and work
 * @param stallTimeout how long frames may wait without being read before the server ends the
 *     subscription
 * @param history length of the history of each open device, for pre-roll and resume; zero: no
 *     history is kept
 * @param keptOpen the ids of always-on devices, which stay open for their history without
 *     subscriptions
 * @param epochs numbers the epochs of the devices of this machine
 */
public record HubConfig(
    SubscriberLimits limits,
    ResourceLimits resources,
    Duration stallTimeout,
    Duration history,
    Set<String> keptOpen,
    EpochClock epochs) {

  /**
   * The default numbers of subscriptions, no limits on resources, a stall timeout of 30 s, and no
   * history.
   */
  public static final HubConfig DEFAULTS =
      new HubConfig(SubscriberLimits.DEFAULTS, Duration.ofSeconds(30));

  /** Copies the set. */
  public HubConfig {
    keptOpen = Set.copyOf(keptOpen);
  }

  /** Creates a configuration with the wall clock. */
  public HubConfig(
      SubscriberLimits limits,
      ResourceLimits resources,
      Duration stallTimeout,
      Duration history,
      Set<String> keptOpen) {
    this(limits, resources, stallTimeout, history, keptOpen, EpochClock.WALL);
  }

  /** Creates a configuration without limits on resources and without history. */
  public HubConfig(SubscriberLimits limits, Duration stallTimeout) {
    this(limits, ResourceLimits.NONE, stallTimeout, Duration.ZERO, Set.of());
  }
}
