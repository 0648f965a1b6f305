package dev.lavalier.app;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops the program on a signal: with exit code 0, and within five seconds, even if a device, the
 * file system or the reader of the log hangs.
 */
final class ShutdownHook {

  private static final Logger log = LoggerFactory.getLogger(ShutdownHook.class);

  /** With the time for the log, leaves half a second of the five to the JVM. */
  private static final long TIMEOUT_MILLIS = 4_200;

  /** The time for the last lines of the log. */
  private static final long LOG_MILLIS = 300;

  private ShutdownHook() {}

  /** Registers a hook that closes a server when the process receives a signal to stop. */
  static void install(LavalierServer server) {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server), "lavalier-stop"));
  }

  /** Only waits for other threads, for a limited time, so that nothing can keep it from halting. */
  private static void stop(LavalierServer server) {
    try {
      boolean closed =
          runWithin(
              TIMEOUT_MILLIS,
              "lavalier-close",
              () -> {
                server.close();
                log.info("stopped");
                flushLog();
              });
      if (!closed) {
        runWithin(
            LOG_MILLIS,
            "lavalier-stop-log",
            () -> {
              log.warn("shutdown timed out after {} ms, exiting", TIMEOUT_MILLIS);
              flushLog();
            });
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      // A signal is the normal way to stop this program; the JVM would exit with 143.
      Runtime.getRuntime().halt(0);
    }
  }

  /** Runs a task on another thread. Returns whether it ended in time. */
  private static boolean runWithin(long millis, String name, Runnable task)
      throws InterruptedException {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
    thread.join(millis);
    return !thread.isAlive();
  }

  private static void flushLog() {
    Logging.flush(Duration.ofMillis(LOG_MILLIS / 2)); // of each of the two logs
  }
}
