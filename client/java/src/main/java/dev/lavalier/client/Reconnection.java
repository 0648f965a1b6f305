package dev.lavalier.client;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/**
 * The waits of a call that connects again, and its time limit. The first wait is 0.25 s. Then the
 * waits double, up to 5 s. Random jitter shortens each wait by up to a quarter, so that the clients
 * of a server do not all reconnect at once.
 *
 * <p>For use by one thread. Only {@link #awaitAttempt} waits.
 */
final class Reconnection {

  private static final long INITIAL_BACKOFF_NANOS = 250_000_000L;
  private static final long MAX_BACKOFF_NANOS = 5_000_000_000L;
  private static final double MIN_JITTER_FACTOR = 0.75;

  /** The last attempt has this much time, also if the time for retries is over. */
  private static final long MIN_ANSWER_TIMEOUT_NANOS = 1_000_000_000L;

  private static final Duration MAX_NANOS = Duration.ofNanos(Long.MAX_VALUE);

  private final Duration limit;
  private final long limitNanos; // Long.MAX_VALUE: without a limit
  private final TimeSource timeSource;

  private boolean active;
  private long startNanos;
  private int attempts;

  /**
   * Creates the waits of a call.
   *
   * @param limit how long to try after each loss; zero: not at all
   */
  Reconnection(Duration limit, TimeSource timeSource) {
    this.limit = limit;
    this.limitNanos = limit.compareTo(MAX_NANOS) > 0 ? Long.MAX_VALUE : limit.toNanos();
    this.timeSource = timeSource;
  }

  /** Returns whether the call connects again after a loss. */
  boolean isEnabled() {
    return limitNanos > 0;
  }

  /** Returns whether the connection was lost, and {@link #end} was not called since. */
  boolean isActive() {
    return active;
  }

  /** Starts the time limit because the connection was lost. */
  void begin() {
    active = true;
    startNanos = timeSource.nanoTime().getAsLong();
    attempts = 0;
  }

  /** Reports that the connection works again; returns the time since it was lost. */
  Duration end() {
    active = false;
    return Duration.ofNanos(timeSource.nanoTime().getAsLong() - startNanos);
  }

  /** Returns whether the time limit allows another attempt. */
  boolean hasTime() {
    return remainingNanos() > 0;
  }

  private long remainingNanos() {
    return limitNanos - (timeSource.nanoTime().getAsLong() - startNanos);
  }

  /** Returns how long the next attempt may take, at most {@code answerTimeoutNanos}. */
  long attemptNanos(long answerTimeoutNanos) {
    return Math.min(answerTimeoutNanos, Math.max(MIN_ANSWER_TIMEOUT_NANOS, remainingNanos()));
  }

  /**
   * Waits for the next attempt.
   *
   * @return whether {@code cancelled} was counted down
   */
  boolean awaitAttempt(CountDownLatch cancelled) throws InterruptedException {
    return timeSource.sleeper().await(cancelled, nextWaitNanos());
  }

  /** Begins the wait for the next attempt; returns its length. */
  long nextWaitNanos() {
    return Math.min(remainingNanos(), nextBackoffNanos());
  }

  private long nextBackoffNanos() {
    long backoff = Math.min(MAX_BACKOFF_NANOS, INITIAL_BACKOFF_NANOS << Math.min(attempts, 10));
    attempts++;
    double jitterFactor =
        MIN_JITTER_FACTOR + (1 - MIN_JITTER_FACTOR) * timeSource.random().getAsDouble();
    return Math.round(backoff * jitterFactor);
  }

  /** Returns the notice of the loss; {@code event} says what happened. */
  Notice lossNotice(String event, LavalierException reason) {
    String time = limitNanos == Long.MAX_VALUE ? "" : " for at most " + limit.toSeconds() + " s";
    return new Notice(
        Notice.Kind.RECONNECTING,
        "%s, reconnecting%s: %s".formatted(event, time, reason.getMessage()));
  }
}
