package dev.lavalier.fleet;

import java.time.Duration;

/** The times of a fleet. */
final class Timing {

  /** Interval between the periodic tasks of a node and of an edge. */
  static final Duration TICK = Duration.ofMillis(500);

  /** A device is closed if no edge has renewed its lease for this time. */
  static final Duration LEASE = Duration.ofSeconds(5);

  /** Interval between the renewals of a lease. */
  static final Duration RENEWAL = Duration.ofSeconds(1);

  /** An edge that hears a node again after this time renews its leases at once. */
  static final Duration RETURN = Duration.ofMillis(1_600);

  /** A device without blocks for this time is lost. The lease of its edge has then expired. */
  static final Duration SILENCE = LEASE.plusMillis(500);

  /** Interval between the heartbeats of a node. */
  static final Duration HEARTBEAT = Duration.ofSeconds(1);

  /** A node without heartbeats for this time is not asked to open a device. */
  static final Duration NODE_TIMEOUT = Duration.ofMillis(3_500);

  /** A node without heartbeats for this time is not listed any more. */
  static final Duration FORGET = Duration.ofSeconds(30);

  /**
   * How long an edge waits for a node to open a device. With {@link #BACKFILL}, it is less than the
   * 10 s after which the hub says that its own sound system does not answer.
   */
  static final Duration OPEN_TIMEOUT = Duration.ofSeconds(7);

  /** How long an edge requests earlier audio. The last request can end later. */
  static final Duration BACKFILL = Duration.ofMillis(1_500);

  /**
   * A block that waited longer on the way is dropped. It counts as lost on the way. The bounds of
   * subscriptions are usually shorter, and count the time on the way.
   */
  static final Duration MAX_WAIT = SILENCE;

  private Timing() {}
}
