package dev.lavalier.fleet;

import java.util.concurrent.atomic.LongAdder;

/** Counts the blocks of a device that a node publishes. Safe for use from any thread. */
final class BlockCounts {

  private final LongAdder published = new LongAdder();
  private final LongAdder dropped = new LongAdder();

  void onPublished() {
    published.increment();
  }

  /** Counts samples per channel that were captured and not published. */
  void onDropped(long samples) {
    dropped.add(samples);
  }

  long published() {
    return published.sum();
  }

  long dropped() {
    return dropped.sum();
  }
}
