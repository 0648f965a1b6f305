package dev.lavalier.hub;

import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Devices;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * The services that all devices of a hub share.
 *
 * @param history length of the history; zero: no history is kept
 * @param quotas limits memory and work
 * @param workers runs the actors and the calls into the sound system
 * @param epochs numbers the epochs, if their source does not
 * @param onChange called when the state or the subscriber count of a device has changed
 */
record DeviceServices(
    Devices devices,
    TimeSource timeSource,
    PolyphaseFilters filters,
    Duration history,
    SubscriptionQuotas quotas,
    Executor workers,
    HubObserver observer,
    EpochClock epochs,
    Runnable onChange) {

  /** Creates services with the wall clock. */
  DeviceServices(
      Devices devices,
      TimeSource timeSource,
      PolyphaseFilters filters,
      Duration history,
      SubscriptionQuotas quotas,
      Executor workers,
      HubObserver observer,
      Runnable onChange) {
    this(
        devices,
        timeSource,
        filters,
        history,
        quotas,
        workers,
        observer,
        EpochClock.WALL,
        onChange);
  }
}
