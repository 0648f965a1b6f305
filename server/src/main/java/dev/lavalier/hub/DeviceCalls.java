package dev.lavalier.hub;

import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the calls of one device into the sound system, one at a time. Each call runs on a worker,
 * because it may never return. If an opening does not complete in time, it is still waited for. If
 * a closing does not complete in time, it is abandoned, together with the threads that hang in it.
 *
 * <p>Used by the device's actor only. Answers and timeouts are messages to its mailbox.
 */
final class DeviceCalls {

  private static final Logger log = LoggerFactory.getLogger(DeviceCalls.class);

  private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

  /** The calls into the sound system. */
  enum Call {
    OPEN(OPEN_TIMEOUT),
    CLOSE(CLOSE_TIMEOUT);

    private final Duration timeout;

    Call(Duration timeout) {
      this.timeout = timeout;
    }
  }

  /**
   * The answer to a call.
   *
   * @param message message for the actor, which handles the answer
   * @param undo runs on the worker if the actor does not accept messages any more
   */
  record Answer(Runnable message, Runnable undo) {}

  /** Runs messages of the actor. */
  interface Mailbox {
    /** Posts a message. Returns false if the actor does not accept messages any more. */
    boolean post(Runnable message);
  }

  private final String deviceId;
  private final TimeSource timeSource;
  private final Executor workers;
  private final Mailbox mailbox;
  private final Runnable onTimeout;
  private final Runnable onLateAnswer;

  private long current; // the number of the call in progress, or of the last one
  private boolean inProgress;
  private boolean overdue; // the call in progress has timed out

  /**
   * Creates the calls of one device.
   *
   * @param onTimeout called when a call has not completed in time; a closing is then abandoned
   * @param onLateAnswer called when an abandoned closing has completed
   */
  DeviceCalls(
      String deviceId,
      TimeSource timeSource,
      Executor workers,
      Mailbox mailbox,
      Runnable onTimeout,
      Runnable onLateAnswer) {
    this.deviceId = deviceId;
    this.timeSource = timeSource;
    this.workers = workers;
    this.mailbox = mailbox;
    this.onTimeout = onTimeout;
    this.onLateAnswer = onLateAnswer;
  }

  /** Runs {@code work} on a worker. No other call may be in progress. */
  void start(Call call, Supplier<Answer> work) {
    long number = ++current;
    inProgress = true;
    overdue = false;
    timeSource.schedule(call.timeout, () -> mailbox.post(() -> checkTimeout(number, call)));
    Runnable run =
        () -> {
          Answer answer = work.get();
          if (!mailbox.post(() -> onAnswer(number, answer))) {
            answer.undo().run();
          }
        };
    try {
      workers.execute(run);
    } catch (RejectedExecutionException e) {
      run.run(); // the hub is closed, and this is the last message of the actor
    }
  }

  private boolean isInProgress(long number) {
    return inProgress && number == current;
  }

  private void onAnswer(long number, Answer answer) {
    if (overdue || !isInProgress(number)) {
      log.warn("{}: device call completed after its timeout", deviceId);
    }
    if (isInProgress(number)) {
      inProgress = false;
      answer.message().run();
    } else {
      onLateAnswer.run();
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
    } else {
      overdue = true;
    }
    onTimeout.run();
  }
}
