package dev.lavalier.common;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A window has only a few lines for any number of events, and counts every event. */
final class RateLimitedLogTest {

  private static final Duration WINDOW = Duration.ofSeconds(10);

  private final ManualTimeSource timeSource = new ManualTimeSource();
  private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
  private final RateLimitedLog log =
      new RateLimitedLog(timeSource, 2, WINDOW, more -> more + " more", lines::add);

  private void log(int events) {
    for (int i = 1; i <= events; i++) {
      int number = i;
      log.log(() -> "event " + number);
    }
  }

  @Test
  void firstEventsAreLoggedAtOnce() {
    log(2);
    assertThat(lines).containsExactly("event 1", "event 2");
    timeSource.advance(WINDOW);
    assertThat(lines).hasSize(2);
  }

  @Test
  void otherEventsAreCountedWhenWindowEnds() {
    log(1_000);
    timeSource.advance(WINDOW.minusNanos(1));
    assertThat(lines).containsExactly("event 1", "event 2");
    timeSource.advance(Duration.ofNanos(1));
    assertThat(lines).containsExactly("event 1", "event 2", "998 more");
  }

  @Test
  void firstEventAfterWindowStartsNextWindow() {
    log(3);
    timeSource.advance(WINDOW.multipliedBy(3));
    log(4);
    timeSource.advance(WINDOW);
    assertThat(lines)
        .containsExactly("event 1", "event 2", "1 more", "event 1", "event 2", "2 more");
  }

  @Test
  void messageIsBuiltOnlyIfLogged() {
    AtomicInteger made = new AtomicInteger();
    for (int i = 0; i < 100; i++) {
      log.log(() -> "made " + made.incrementAndGet());
    }
    assertThat(made).hasValue(2);
  }

  @Test
  void lineIsSanitizedAndBounded() {
    log.log(() -> "a\u2028b\u202e" + "x".repeat(100_000));
    assertThat(lines.get(0))
        .startsWith("a?b?xxx")
        .hasSizeLessThanOrEqualTo(RateLimitedLog.MAX_LINE_LENGTH + 1);
  }

  @Test
  void eventsOfAllThreadsAreCounted() throws Exception {
    CountDownLatch begin = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  begin.await();
                } catch (InterruptedException e) {
                  return;
                }
                log(10_000);
              });
      thread.start();
      threads.add(thread);
    }
    begin.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    timeSource.advance(WINDOW);
    assertThat(lines).hasSize(3).last().isEqualTo("39998 more");
  }
}
