package dev.lavalier.fleet.nats;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests how long messages waited for their receiver. */
final class NatsQueueTest {

  private long waiting;
  private long now = 1_000;
  private final NatsQueue queue = new NatsQueue(() -> waiting, () -> now);
  private final List<Long> waits = new ArrayList<>();

  /** Processes a message, during which some arrive. */
  private void process(long nanos, int arrived) {
    queue.process(
        wait -> {
          waits.add(wait);
          now += nanos;
          waiting += arrived;
        });
  }

  @Test
  void messageThatFindsTheQueueEmpty_didNotWait() {
    process(400, 0);
    now += 9_000;
    process(400, 0);
    assertThat(waits).containsExactly(0L, 0L);
  }

  @Test
  void messagesThatArriveMeanwhile_waitSinceTheQueueWasEmpty() {
    process(400, 2);
    waiting--;
    process(500, 1);
    waiting--;
    process(600, 0);
    waiting--;
    process(700, 0);
    process(800, 0);
    assertThat(waits).containsExactly(0L, 400L, 900L, 1_500L, 0L);
  }
}
