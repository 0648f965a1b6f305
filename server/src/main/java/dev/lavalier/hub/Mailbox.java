package dev.lavalier.hub;

import dev.lavalier.common.FailureLog;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.LoggerFactory;

/**
 * The messages of one device's actor. They run one at a time, in the order in which they were
 * posted, on the workers. No message is lost: if no thread can be created for it, it runs later; if
 * the workers were shut down, it runs on the thread that posts it; if it throws, the next one runs.
 *
 * <p>{@link #post} and {@link #schedule} may be called from any thread and do not block, because
 * messages do not block.
 */
final class Mailbox {

  /** Time until another attempt to create a thread for the messages. */
  private static final Duration RETRY_DELAY = Duration.ofMillis(100);

  private final String deviceId;
  private final TimeSource timeSource;
  private final Executor workers;
  private final Consumer<Throwable> onFailure;
  private final Runnable afterEach;
  private final FailureLog failures;
  private final Queue<Runnable> messages = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean running = new AtomicBoolean(); // a thread runs the messages, or will

  /**
   * Creates an empty mailbox.
   *
   * @param onFailure runs as a part of a message that has thrown
   * @param afterEach runs after each message
   */
  Mailbox(
      String deviceId,
      TimeSource timeSource,
      Executor workers,
      Consumer<Throwable> onFailure,
      Runnable afterEach) {
    this.deviceId = deviceId;
    this.timeSource = timeSource;
    this.workers = workers;
    this.onFailure = onFailure;
    this.afterEach = afterEach;
    this.failures =
        new FailureLog(
            timeSource, LoggerFactory.getLogger(Mailbox.class), deviceId + ": a message");
  }

  /** Adds a message. */
  void post(Runnable message) {
    messages.add(message);
    if (running.compareAndSet(false, true)) {
      start();
    }
  }

  /** Adds a message after a delay. */
  void schedule(Duration delay, Runnable message) {
    timeSource.schedule(delay, () -> post(message));
  }

  private void start() {
    try {
      workers.execute(this::runMessages);
    } catch (RejectedExecutionException e) {
      runMessages();
    } catch (RuntimeException | Error e) { // possibly no thread can be created
      failures.report(deviceId + ": starting a thread for messages", e);
      scheduleStart();
    }
  }

  private void scheduleStart() {
    try {
      timeSource.schedule(RETRY_DELAY, this::start);
    } catch (RuntimeException | Error e) {
      running.set(false); // the next message makes the next attempt
      failures.report(deviceId + ": scheduling messages", e);
    }
  }

  private void runMessages() {
    do {
      Runnable message;
      while ((message = messages.poll()) != null) {
        run(message);
      }
      running.set(false);
    } while (!messages.isEmpty() && running.compareAndSet(false, true));
  }

  private void run(Runnable message) {
    try {
      message.run();
    } catch (RuntimeException | Error e) {
      failures.report(deviceId + ": a message", e);
      runReported(() -> onFailure.accept(e));
    }
    runReported(afterEach);
  }

  private void runReported(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      failures.report(deviceId + ": a message", e);
    }
  }
}
