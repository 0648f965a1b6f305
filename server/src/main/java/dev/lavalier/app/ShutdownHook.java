package dev.lavalier.app;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the program ends: by a signal, with exit code 0, within five seconds whatever hangs. */
final class ShutdownHook {

  private static final Logger log = LoggerFactory.getLogger(ShutdownHook.class);

  /** Leaves the JVM half a second of the five. */
  private static final long TIMEOUT_MILLIS = 4_500;

  private ShutdownHook() {}

  /** Has a server closed when the process is told to end. */
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
        log.warn("not all is closed after {} ms; ending all the same", TIMEOUT_MILLIS);
      } else {
        log.info("stopped");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // A signal is how this program ends well; the JVM would say 143.
    Runtime.getRuntime().halt(0);
  }
}
