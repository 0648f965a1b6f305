package dev.lavalier.hub;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the calls of one device into the sound system, one at a time. Each call runs on a worker,
 * because it may never return. If an opening does not complete in time, it is still waited for. If
 * a closing does not complete in time, it is abandoned, together with the threads that hang in it.
 * If no thread can be created for a call, an opening fails, and a closing is tried again.
 *
 * <p>Used by the device's actor only. Answers and timeouts are messages to its mailbox.
 */
final class DeviceCalls {

  private static final Logger log = LoggerFactory.getLogger(DeviceCalls.class);

  private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

  /** Time until another attempt to create a thread for a closing. */
  private static final Duration DISPATCH_DELAY = Duration.ofMillis(250);

  /** For this long, an abandoned closing that is not answered says something about the driver. */
  static final Duration ABANDONED_TIMEOUT = Duration.ofHours(1);

  /** The calls into the sound system. */
  enum Call {
    OPEN(OPEN_TIMEOUT),
    CLOSE(CLOSE_TIMEOUT);

    private final Duration timeout;

    Call(Duration timeout) {
      this.timeout = timeout;
    }
  }

  private final String deviceId;
  private final Executor workers;
  private final Mailbox mailbox;
  private final Runnable onTimeout;
  private final Runnable onAbandonedOver;
  private final Set<Long> abandoned = new HashSet<>(); // closings that count as unanswered

  private long current; // the number of the call in progress, or of the last one
  private boolean inProgress;
  private boolean overdue; // the call in progress has timed out

  /**
   * Creates the calls of one device.
   *
   * @param onTimeout called when a call has not completed in time; a closing is then abandoned
   * @param onAbandonedOver called once for each abandoned closing: when it has completed, or after
   *     {@link #ABANDONED_TIMEOUT}
   */
  DeviceCalls(
      String deviceId,
      Executor workers,
      Mailbox mailbox,
      Runnable onTimeout,
      Runnable onAbandonedOver) {
    this.deviceId = deviceId;
    this.workers = workers;
    this.mailbox = mailbox;
    this.onTimeout = onTimeout;
    this.onAbandonedOver = onAbandonedOver;
  }

  /**
   * Runs {@code work} on a worker. No other call may be in progress.
   *
   * @param work returns the message with which the actor handles the answer
   * @param onFailure handles the answer if {@code work} throws
   */
  void start(Call call, Callable<Runnable> work, Consumer<Throwable> onFailure) {
    long number = ++current;
    inProgress = true;
    overdue = false;
    Runnable run =
        () -> {
          Runnable answer;
          try {
            answer = work.call();
          } catch (Exception | Error e) { // the actor must get an answer in any case
            answer = () -> onFailure.accept(e);
          }
          Runnable received = answer;
          mailbox.post(() -> onAnswer(number, received));
        };
    Consumer<Throwable> failed =
        e -> mailbox.post(() -> onAnswer(number, () -> onFailure.accept(e)));
    try {
      mailbox.schedule(call.timeout, () -> checkTimeout(number, call));
    } catch (RuntimeException | Error e) {
      if (call == Call.OPEN) {
        failed.accept(e); // no opening is in progress without a timeout
        return;
      }
      log.warn("{}: closing without a timeout", deviceId, e);
    }
    dispatch(call, run, failed);
  }

  private void dispatch(Call call, Runnable run, Consumer<Throwable> failed) {
    try {
      workers.execute(run);
    } catch (RejectedExecutionException e) {
      run.run(); // the hub is closed, and this is the last call
    } catch (RuntimeException | Error e) { // possibly no thread can be created
      if (call == Call.OPEN) {
        failed.accept(e);
      } else {
        log.warn("{}: not closed yet: {}", deviceId, e.toString());
        mailbox.schedule(DISPATCH_DELAY, () -> dispatch(call, run, failed));
      }
    }
  }

  private boolean isInProgress(long number) {
    return inProgress && number == current;
  }

  private void onAnswer(long number, Runnable answer) {
    if (overdue || !isInProgress(number)) {
      log.warn("{}: device call completed after its timeout", deviceId);
    }
    if (isInProgress(number)) {
      inProgress = false;
      answer.run();
    } else {
      endAbandoned(number);
    }
  }

  private void endAbandoned(long number) {
    if (abandoned.remove(number)) {
      onAbandonedOver.run();
    }
  }

  private void checkTimeout(long number, Call call) {
    if (!isInProgress(number)) {
      return;
    }
    log.warn(
        "{}: the sound system has not answered within {} s (call: {})",
        deviceId,
        call.timeout.toSeconds(),
        call == Call.OPEN ? "open" : "close");
    if (call == Call.CLOSE) {
      inProgress = false;
      abandoned.add(number);
      onTimeout.run();
      mailbox.schedule(ABANDONED_TIMEOUT, () -> endAbandoned(number));
    } else {
      overdue = true;
      onTimeout.run();
    }
  }
}
