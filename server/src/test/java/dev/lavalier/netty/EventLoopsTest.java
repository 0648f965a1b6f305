package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

final class EventLoopsTest {

  private static final int MAX_TURNS = 200_000;
  private static final long TURN_NANOS = 20_000;

  /**
   * A task that schedules itself again and again, as a replay does, until another task stops it.
   */
  private static final class Chain implements Runnable {

    private final Executor loop;
    private final AtomicBoolean stop = new AtomicBoolean();
    private final CompletableFuture<Integer> turns = new CompletableFuture<>();
    private int count;

    Chain(Executor loop) {
      this.loop = loop;
    }

    @Override
    public void run() {
      long end = System.nanoTime() + TURN_NANOS;
      while (System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      count++;
      if (stop.get() || count == MAX_TURNS) {
        turns.complete(count);
      } else {
        loop.execute(this);
      }
    }
  }

  /** Netty's own loops run such tasks for a second before anything else. */
  @Test
  void tasksThatAreDueAndSocketsDoNotWaitForTasksThatScheduleTheNext() throws Exception {
    try (EventLoops<Executor> loops = new EventLoops<>(1, loop -> loop)) {
      var loop = loops.group().next();
      Chain chain = new Chain(loop);
      loop.execute(chain);
      var unused = loop.schedule(() -> chain.stop.set(true), 5, TimeUnit.MILLISECONDS);

      int turns = chain.turns.get(60, TimeUnit.SECONDS);

      assertThat(turns * TURN_NANOS).as("time of the tasks").isLessThan(500_000_000L);
    }
  }
}
