package dev.lavalier.common;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.lavalier.testing.LogLines;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The first failure in a minute has a stack trace. The others are counted. */
final class FailureLogTest {

  private static final String LOGGER = "failure-log-test";

  private final ManualTimeSource timeSource = new ManualTimeSource();
  private final FailureLog failures =
      new FailureLog(timeSource, LoggerFactory.getLogger(LOGGER), "a task");

  @Test
  void repeatedFailures_areLoggedOnceAndCounted() {
    try (LogLines lines = LogLines.of(LOGGER)) {
      for (int i = 0; i < 1_000; i++) {
        failures.report("task 7", new InternalError("Java heap space"));
      }
      assertThat(lines.all()).containsExactly("ERROR task 7 failed and a stack trace");
      timeSource.advance(Duration.ofMinutes(1));
      assertThat(lines.all()).hasSize(2);
      assertThat(lines.all().get(1))
          .isEqualTo("ERROR a task failed 999 more times within the last minute");
    }
  }

  @Test
  void reportNeverThrows() {
    FailureLog broken =
        new FailureLog(new BrokenTimer(), LoggerFactory.getLogger(LOGGER), "a task");
    assertThatCode(() -> broken.report("task 7", new IllegalStateException("broken")))
        .doesNotThrowAnyException();
  }

  /** Has no memory for tasks. */
  private static final class BrokenTimer implements TimeSource {
    @Override
    public long nanoTime() {
      return 0;
    }

    @Override
    public long unixNanos() {
      return 0;
    }

    @Override
    public void parkUntil(long deadline) {}

    @Override
    public void schedule(Duration delay, Runnable task) {
      throw new InternalError("Java heap space");
    }
  }
}
