package dev.lavalier.fleet.nats;

import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Measures how long messages wait for the thread of a dispatcher, at most. The client library does
 * not say when a message has arrived, so the time counts from the last message that found the queue
 * empty.
 *
 * <p>Used on that thread only.
 */
final class NatsQueue {

  private final LongSupplier waiting;
  private final LongSupplier clock;
  private boolean empty = true;
  private long busySince; // steady time

  /**
   * Creates a measurement of an empty queue.
   *
   * @param waiting returns how many messages wait
   */
  NatsQueue(LongSupplier waiting) {
    this(waiting, System::nanoTime);
  }

  /** Creates a measurement with another steady clock. */
  NatsQueue(LongSupplier waiting, LongSupplier clock) {
    this.waiting = waiting;
    this.clock = clock;
  }

  /**
   * Processes a message that was taken from the queue.
   *
   * @param task gets how long the message has waited, at most, in nanoseconds; does not throw
   */
  void process(LongConsumer task) {
    long now = clock.getAsLong();
    if (empty) {
      busySince = now;
    }
    task.accept(now - busySince);
    empty = waiting.getAsLong() == 0;
  }
}
