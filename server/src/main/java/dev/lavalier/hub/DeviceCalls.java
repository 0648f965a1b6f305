package dev.lavalier.hub;

import dev.lavalier.audio.TimeSource;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device's calls into the sound system, one at a time, each on a worker since it may never
 * return.
 *
 * <p>An opening that is not answered in time is waited for. A closing is abandoned, with the
 * threads that hang in it: a sound server that was killed in the wrong moment never answers, and
 * its successor does.
 *
 * <p>Used by the device's actor alone; answers and timers come back through its mailbox.
 */
final class DeviceCalls {

  private static final Logger log = LoggerFactory.getLogger(DeviceCalls.class);

  private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

  /** So many abandoned closings are a broken driver, and not bad luck. */
  private static final int MAX_ABANDONED = 3;

  /** What a call does. */
  enum Call {
    OPEN,
    CLOSE
  }

  private final String deviceId;
  private final TimeSource timeSource;
  private final Executor workers;
  private final Consumer<Runnable> mailbox;
  private final Runnable onOverdue;

  private Call call; // null: none under way
  private long callNumber; // tells a call from the ones before
  private boolean overdue; // the opening under way has not been answered in time
  private int abandoned;

  /**
   * Makes them.
   *
   * @param mailbox runs a message of the actor's
   * @param onOverdue told when a call was not answered in time, and when an abandoned one was after
   *     all
   */
  DeviceCalls(
      String deviceId,
      TimeSource timeSource,
      Executor workers,
      Consumer<Runnable> mailbox,
      Runnable onOverdue) {
    this.deviceId = deviceId;
    this.timeSource = timeSource;
    this.workers = workers;
    this.mailbox = mailbox;
    this.onOverdue = onOverdue;
  }

  /** Returns whether a call is under way, so that no other may begin. */
  boolean isInProgress() {
    return call != null;
  }

  /** Returns whether an opening is under way. */
  boolean isOpening() {
    return call == Call.OPEN;
  }

  /** Returns whether some call has not been answered in time. */
  boolean isOverdue() {
    return overdue || abandoned > 0;
  }

  /** Returns whether there is no point in waiting, or in another call. */
  boolean isUnresponsive() {
    return overdue || abandoned >= MAX_ABANDONED;
  }

  /** Runs {@code work} on a worker; what it returns then runs as a message. */
  void start(Call kind, Supplier<Runnable> work) {
    call = kind;
    long number = ++callNumber;
    workers.execute(
        () -> {
          Runnable result = work.get();
          mailbox.accept(() -> onCompleted(number, result));
        });
    Duration timeout = kind == Call.OPEN ? OPEN_TIMEOUT : CLOSE_TIMEOUT;
    timeSource.schedule(timeout, () -> mailbox.accept(() -> onTimeout(number, timeout)));
  }

  private boolean isCurrent(long number) {
    return call != null && callNumber == number;
  }

  private void onCompleted(long number, Runnable result) {
    if (overdue || !isCurrent(number)) {
      log.warn("{}: the sound system has answered after all", deviceId);
    }
    if (isCurrent(number)) {
      call = null;
      overdue = false;
      result.run();
    } else {
      abandoned--;
      onOverdue.run();
    }
  }

  private void onTimeout(long number, Duration timeout) {
    if (!isCurrent(number)) {
      return;
    }
    log.warn(
        "{}: the sound system was asked {} s ago to {} it and does not answer",
        deviceId,
        timeout.toSeconds(),
        call == Call.OPEN ? "open" : "close");
    if (call == Call.CLOSE) {
      call = null;
      abandoned++;
    } else {
      overdue = true;
    }
    onOverdue.run();
  }
}
