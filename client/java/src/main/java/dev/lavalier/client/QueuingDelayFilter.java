package dev.lavalier.client;

/**
 * Rejects frames whose queuing delay exceeds a limit: the time since the server read them, minus
 * the shortest transfer time. The clocks of server and client need not agree: the base delay, which
 * is the smallest difference between sending and arrival seen, contains both the offset of the
 * clocks and the shortest transfer time.
 *
 * <p>Clocks drift apart. The base delay therefore rises by a thousandth of the elapsed time, twice
 * the rate at which clocks are slewed. A steady clock is never set, but it stops while its machine
 * is paused: if every frame has seemed expired for 5 s, the filter assumes such a pause and starts
 * again. A stall of any length does not look like one, because the frames after a stall are on time
 * again at once.
 *
 * <p>For use by one thread. All times are in nanoseconds.
 */
final class QueuingDelayFilter {

  private static final long DRIFT_DIVISOR = 1_000;
  private static final long CLOCK_PAUSE_TIMEOUT = 5_000_000_000L;

  private final long maxDelay;

  private boolean initialized;
  private long baseDelay; // as of baseDelayAt
  private long baseDelayAt;
  private boolean expired; // whether the last frame was
  private long expiredSince;

  /** Creates a filter that accepts frames with a queuing delay of at most {@code maxDelay}. */
  QueuingDelayFilter(long maxDelay) {
    this.maxDelay = maxDelay;
  }

  /**
   * Returns whether a frame has not expired. Call it in the order of arrival.
   *
   * @param sent when the server had read the frame, by a steady clock of the server
   * @param arrived when the frame arrived, by this client's steady clock
   * @param now the current time, by that clock
   */
  boolean accept(long sent, long arrived, long now) {
    updateBaseDelay(arrived - sent, arrived);
    if (now - sent - baseDelay <= maxDelay) {
      expired = false;
      return true;
    }
    if (!expired) {
      expired = true;
      expiredSince = now;
    } else if (now - expiredSince > CLOCK_PAUSE_TIMEOUT) {
      initialized = false;
      expired = false;
    }
    return false;
  }

  /**
   * Returns when the last accepted or rejected frame would have arrived after the shortest transfer
   * time, by this client's clock.
   *
   * @param sent the value that {@link #accept} got for the frame
   */
  long onTimeNanos(long sent) {
    return sent + baseDelay;
  }

  private void updateBaseDelay(long difference, long arrived) {
    if (initialized) {
      baseDelay += (arrived - baseDelayAt) / DRIFT_DIVISOR;
    }
    if (!initialized || difference - baseDelay < 0) {
      baseDelay = difference;
      initialized = true;
    }
    baseDelayAt = arrived;
  }
}
