package dev.lavalier.hub;

/** Defines what happens when a subscription's queue overflows. */
public enum OverflowPolicy {
  /** The oldest frames are dropped, and the next frame has a gap. */
  DROP_OLDEST,
  /** The subscription ends with QUEUE_OVERFLOW. */
  CLOSE
}
