package dev.lavalier.fleet.nats;

import io.nats.client.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Measures the round trip to nats-server while blocks are published. If it is much longer than the
 * shortest one, blocks wait in sockets or in front of a narrow line, which can hold seconds of
 * audio. The session is then not ready until they have arrived, so that the node drops what is too
 * old, and edges learn how long a block takes at best.
 *
 * <p>If the next round trip is long, too, the line is narrow. Blocks that were read before are then
 * late: they would fill the line again, and all blocks after them would be too old at the edge. If
 * only one is long, a machine was busy for a moment, and the blocks that wait can be sent.
 *
 * <p>If round trips remain long although no block is sent, the way has become longer, for instance
 * over another network. The shortest of them counts as the shortest one then.
 *
 * <p>Safe for use from any thread. Does not block.
 */
final class NatsRoundTrip {

  private static final Duration INTERVAL = Duration.ofMillis(100);

  /** The session is not ready if a round trip is longer than the shortest one by this time. */
  private static final long MAX_EXCESS_NANOS = 100_000_000;

  /** It is ready again after a round trip that is longer by this time at most. */
  private static final long DRAINED_EXCESS_NANOS = 30_000_000;

  /** After so many long round trips in turn, all blocks that waited have arrived. */
  private static final int PINGS_BEHIND_BLOCKS = 2;

  /** After so many, the way itself has become longer: blocks do not wait for it. */
  private static final int MAX_LONG_PINGS = 5;

  /** Before a connection, it is not known whether the line is narrow. No block is so old. */
  private static final Duration NEVER = Duration.ofHours(1);

  private final Connection connection;
  private final Executor threads;
  private final NatsEvents events;
  private final Runnable onReady;
  private final AtomicBoolean measuring = new AtomicBoolean();
  private final AtomicBoolean awaited = new AtomicBoolean(); // isLong() was true

  // Written by the thread that measures.
  private long took; // the last round trip
  private volatile long sentAt; // of the last ping; steady time
  private volatile boolean waiting; // for its answer
  private volatile long shortest = NatsConnector.CONNECT_TIMEOUT.toNanos();
  private volatile boolean isLong;
  private volatile long narrowAt; // the last time that two round trips in turn were long; steady

  /**
   * Creates a measurement that has not started.
   *
   * @param threads measures on one of them, for as long as the round trip takes
   * @param onReady called when {@link #isLong} is false again, after it was true
   */
  NatsRoundTrip(Connection connection, Executor threads, NatsEvents events, Runnable onReady) {
    this.connection = connection;
    this.threads = threads;
    this.events = events;
    this.onReady = onReady;
    this.sentAt = System.nanoTime() - INTERVAL.toNanos();
    this.narrowAt = sentAt - NEVER.toNanos();
  }

  /** Starts a measurement, if the last one was long enough ago. Called with each block. */
  void onBlock() {
    if (System.nanoTime() - sentAt >= INTERVAL.toNanos() && measuring.compareAndSet(false, true)) {
      try {
        threads.execute(this::measure);
      } catch (RejectedExecutionException e) { // the link was closed
        measuring.set(false);
      }
    }
  }

  /** Returns whether blocks wait on the way to nats-server. */
  boolean isLong() {
    boolean now = isLong || (waiting && System.nanoTime() - sentAt > shortest + MAX_EXCESS_NANOS);
    if (now) {
      awaited.set(true);
    }
    return now;
  }

  /** Returns whether blocks still waited on a narrow line after a steady time. */
  boolean isLate(long readNanos) {
    return readNanos - narrowAt < 0;
  }

  private void measure() {
    try {
      long least = Long.MAX_VALUE;
      for (int pings = 1; measureOnce(); pings++) {
        if (pings > PINGS_BEHIND_BLOCKS) {
          least = Math.min(least, took);
        }
        if (pings == MAX_LONG_PINGS) {
          shortest = least;
          isLong = false;
          break;
        }
      }
    } catch (IOException | IllegalStateException e) {
      isLong = false; // the connection was lost just now
    } finally {
      waiting = false;
      measuring.set(false);
    }
    if (awaited.compareAndSet(true, false)) {
      onReady.run();
    }
  }

  /** Measures one round trip. Returns whether it is long. */
  private boolean measureOnce() throws IOException {
    sentAt = System.nanoTime();
    waiting = true;
    events.onQueued(0); // the library counts it as sent, too
    took = roundTrip();
    waiting = false;
    shortest = Math.min(shortest, took);
    boolean wasLong = isLong;
    isLong = took - shortest > (wasLong ? DRAINED_EXCESS_NANOS : MAX_EXCESS_NANOS);
    if (wasLong && isLong) {
      narrowAt = System.nanoTime();
    }
    return isLong;
  }

  private long roundTrip() throws IOException {
    try {
      return connection.RTT().toNanos();
    } catch (IOException e) {
      if (events.lost().isDone()) {
        throw e;
      }
      return System.nanoTime() - sentAt; // no answer within the connection timeout
    }
  }
}
