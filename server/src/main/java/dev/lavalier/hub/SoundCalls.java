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
final class SoundCalls {

  private static final Logger log = LoggerFactory.getLogger(SoundCalls.class);

  private static final Duration OPEN_BOUND = Duration.ofSeconds(10);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(3);

  /** So many abandoned closings are a broken driver, and not bad luck. */
  private static final int MAX_ABANDONED = 3;

  /** What a call does. */
  enum Call {
    OPEN,
    CLOSE
  }

  private final String deviceId;
  private final TimeSource ticker;
  private final Executor workers;
  private final Consumer<Runnable> mailbox;
  private final Runnable onLate;

  private Call call; // null: none under way
  private long calls; // tells a call from the ones before
  private boolean overdue; // the opening under way has not been answered in time
  private int abandoned;

  /**
   * Makes them.
   *
   * @param mailbox runs a message of the actor's
   * @param onLate told when a call was not answered in time, and when an abandoned one was after
   *     all
   */
  SoundCalls(
      String deviceId,
      TimeSource ticker,
      Executor workers,
      Consumer<Runnable> mailbox,
      Runnable onLate) {
    this.deviceId = deviceId;
    this.ticker = ticker;
    this.workers = workers;
    this.mailbox = mailbox;
    this.onLate = onLate;
  }

  /** Returns whether a call is under way, so that no other may begin. */
  boolean underWay() {
    return call != null;
  }

  /** Returns whether an opening is under way. */
  boolean opening() {
    return call == Call.OPEN;
  }

  /** Returns whether some call has not been answered in time. */
  boolean late() {
    return overdue || abandoned > 0;
  }

  /** Returns whether there is no point in waiting, or in another call. */
  boolean hopeless() {
    return overdue || abandoned >= MAX_ABANDONED;
  }

  /** Runs {@code work} on a worker; what it returns then runs as a message. */
  void begin(Call begun, Supplier<Runnable> work) {
    call = begun;
    long number = ++calls;
    workers.execute(
        () -> {
          Runnable answer = work.get();
          mailbox.accept(() -> onAnswer(number, answer));
        });
    Duration bound = begun == Call.OPEN ? OPEN_BOUND : CLOSE_BOUND;
    ticker.schedule(bound, () -> mailbox.accept(() -> onBound(number, bound)));
  }

  private boolean isUnderWay(long number) {
    return call != null && calls == number;
  }

  private void onAnswer(long number, Runnable answer) {
    if (overdue || !isUnderWay(number)) {
      log.warn("{}: the sound system has answered after all", deviceId);
    }
    if (isUnderWay(number)) {
      call = null;
      overdue = false;
      answer.run();
    } else {
      abandoned--;
      onLate.run();
    }
  }

  private void onBound(long number, Duration bound) {
    if (!isUnderWay(number)) {
      return;
    }
    log.warn(
        "{}: the sound system was asked {} s ago to {} it and does not answer",
        deviceId,
        bound.toSeconds(),
        call == Call.OPEN ? "open" : "close");
    if (call == Call.CLOSE) {
      call = null;
      abandoned++;
    } else {
      overdue = true;
    }
    onLate.run();
  }
}
