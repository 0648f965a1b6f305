package dev.lavalier.hub;

/** What happens to a subscription whose queue is full. */
public enum OverflowPolicy {
  /** The oldest frames go, and the next one sent bears a gap. */
  DROP_OLDEST,
  /** The subscription ends with QUEUE_OVERFLOW. */
  CLOSE
}
