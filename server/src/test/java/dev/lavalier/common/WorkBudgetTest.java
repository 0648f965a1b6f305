package dev.lavalier.common;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** A budget of half a processor, with a credit of 50 ms. */
final class WorkBudgetTest {

  private static final long MILLI = 1_000_000;

  private final AtomicLong cpuNanos = new AtomicLong();
  private final WorkBudget budget = new WorkBudget(0.5, 50 * MILLI, cpuNanos::get);

  private void work(long nanos) {
    budget.start();
    cpuNanos.addAndGet(nanos);
    budget.stop();
  }

  @Test
  void creditIsUsedOnlyByWork() {
    cpuNanos.addAndGet(1_000 * MILLI); // other work of the thread
    assertThat(budget.isSpent()).isFalse();
    work(49 * MILLI);
    assertThat(budget.isSpent()).isFalse();
    work(MILLI);
    assertThat(budget.isSpent()).isTrue();
  }

  @Test
  void timeThatPassesAddsItsShareUpToTheMaximum() {
    work(150 * MILLI);
    budget.accrue(200 * MILLI);
    assertThat(budget.isSpent()).as("100 ms are owed, and 100 ms were added").isTrue();
    budget.accrue(2 * MILLI);
    assertThat(budget.isSpent()).isFalse();
    budget.accrue(60_000 * MILLI);
    work(50 * MILLI);
    assertThat(budget.isSpent()).isTrue();
  }

  @Test
  void workIsLimitedToItsShare() {
    long worked = 0;
    for (int k = 0; k < 10_000; k++) {
      budget.accrue(10 * MILLI);
      for (int n = 0; n < 100 && !budget.isSpent(); n++) {
        work(MILLI);
        worked += MILLI;
      }
    }
    assertThat(worked / (100_000.0 * MILLI)).isCloseTo(0.5, Offset.offset(0.001));
    assertThat(budget.usedShare()).isCloseTo(0.5, Offset.offset(0.05));
  }

  @Test
  void workOfAnotherThreadCountsFromTheNextAccrual() {
    budget.runElsewhere(() -> cpuNanos.addAndGet(60 * MILLI));
    assertThat(budget.isSpent()).isFalse();
    budget.accrue(10 * MILLI);
    assertThat(budget.isSpent()).as("10 ms are owed, and 5 ms were added").isTrue();
    budget.accrue(12 * MILLI);
    assertThat(budget.isSpent()).isFalse();
    assertThat(budget.usedShare()).isPositive();
  }

  @Test
  void unlimitedBudgetIsNeverSpent() {
    WorkBudget unlimited = new WorkBudget(Double.MAX_VALUE, 50 * MILLI, cpuNanos::get);
    for (int k = 0; k < 100; k++) {
      unlimited.accrue(10 * MILLI);
      assertThat(unlimited.isSpent()).isFalse();
      assertThat(WorkBudget.unlimited().isSpent()).isFalse();
    }
  }

  @Test
  void unitThatWasInterruptedCountsNoMoreThanItsMaximum() {
    WorkBudget limited = new WorkBudget(0.5, 50 * MILLI, 5 * MILLI, cpuNanos::get);
    for (int i = 0; i < 10; i++) {
      assertThat(limited.isSpent()).isFalse();
      limited.start();
      cpuNanos.addAndGet(1_000 * MILLI);
      limited.stop();
    }
    assertThat(limited.isSpent()).isTrue();
  }

  @Test
  void waitingForAProcessorCountsUpToFourTimesTheProcessorTime() {
    AtomicLong elapsedNanos = new AtomicLong();
    WorkBudget both = new WorkBudget(0.5, 50 * MILLI, cpuNanos::get, elapsedNanos::get);

    both.start();
    cpuNanos.addAndGet(10 * MILLI);
    elapsedNanos.addAndGet(30 * MILLI);
    both.stop();
    assertThat(both.isSpent()).as("30 of 50 ms").isFalse();
    both.start();
    cpuNanos.addAndGet(5 * MILLI);
    elapsedNanos.addAndGet(3_000 * MILLI); // the process was paused
    both.stop();

    assertThat(both.isSpent()).as("30 + 4 * 5 of 50 ms").isTrue();
    both.accrue(MILLI);
    assertThat(both.isSpent()).isFalse();
  }
}
