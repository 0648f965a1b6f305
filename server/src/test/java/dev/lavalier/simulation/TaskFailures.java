package dev.lavalier.simulation;

import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Reports exceptions of the messages of device actors, which their executor only logs, as
 * violations.
 */
final class TaskFailures extends Handler {

  private static final Logger LOG =
      Logger.getLogger("com.google.common.util.concurrent.SequentialExecutor");
  private static final TaskFailures HANDLER = new TaskFailures();

  private volatile Violations violations;

  private TaskFailures() {
    LOG.setUseParentHandlers(false);
    LOG.addHandler(this);
  }

  /** Reports failures to {@code violations} from now on. */
  static void reportTo(Violations violations) {
    HANDLER.violations = violations;
  }

  @Override
  public void publish(LogRecord logged) {
    violations.check(false, () -> "a message of an actor failed: " + logged.getThrown());
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
