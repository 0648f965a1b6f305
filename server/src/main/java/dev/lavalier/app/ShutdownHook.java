package dev.lavalier.app;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops the program on a signal: with exit code 0, and within five seconds, even if a device or the
 * file system hangs.
 */
final class ShutdownHook {

  private static final Logger log = LoggerFactory.getLogger(ShutdownHook.class);

  /** Leaves half a second of the five to the JVM. */
  private static final long TIMEOUT_MILLIS = 4_500;

  private ShutdownHook() {}

  /** Registers a hook that closes a server when the process receives a signal to stop. */
  static void install(LavalierServer server) {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server), "lavalier-stop"));
  }

  private static void stop(LavalierServer server) {
    Thread closing = new Thread(server::close, "lavalier-close");
    closing.setDaemon(true);
    closing.start();
    try {
      closing.join(TIMEOUT_MILLIS);
      if (closing.isAlive()) {
        log.warn("shutdown timed out after {} ms, exiting", TIMEOUT_MILLIS);
      } else {
        log.info("stopped");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // A signal is the normal way to stop this program; the JVM would exit with 143.
    Runtime.getRuntime().halt(0);
  }
}
