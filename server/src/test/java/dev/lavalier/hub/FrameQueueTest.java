package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

final class FrameQueueTest {

  private static final byte[] NOTHING = {};

  private final FrameRing ring = new FrameRing();

  private void publish(int count) {
    for (int i = 0; i < count; i++) {
      ring.publish(new Frame(ring.head(), ring.head() * 960, 0, 0, 0, NOTHING));
    }
  }

  /** A queue without a bound of age, from the first frame on. */
  private FrameQueue queue(int bound) {
    return new FrameQueue(ring, 0, bound, Long.MAX_VALUE);
  }

  private static Frame poll(FrameQueue queue) {
    return queue.poll(0);
  }

  @Test
  void givesEachFrameOnceAndInOrder() {
    FrameQueue queue = queue(10);
    publish(3);

    assertThat(poll(queue).sequence()).isEqualTo(0);
    assertThat(poll(queue).sequence()).isEqualTo(1);
    assertThat(poll(queue).sequence()).isEqualTo(2);
    assertThat(poll(queue)).isNull();
  }

  @Test
  void dropsTheOldestBeyondItsBound() {
    FrameQueue queue = queue(4);
    publish(9);

    assertThat(queue.overflows(0)).isTrue();
    assertThat(poll(queue).sequence()).isEqualTo(5);
    publish(1);
    assertThat(queue.overflows(0)).isFalse();
    publish(2);
    assertThat(queue.overflows(0)).isTrue();
    assertThat(poll(queue).sequence()).isEqualTo(8);
  }

  @Test
  void dropsWhatHasWaitedTooLongAlsoWhereNothingNewerComes() {
    FrameQueue queue = new FrameQueue(ring, 0, 10, 50);
    for (long readNanos : new long[] {1_000, 1_020, 1_040}) {
      ring.publish(new Frame(ring.head(), 0, 0, 0, readNanos, NOTHING));
    }

    assertThat(queue.overflows(1_050)).isFalse();
    assertThat(queue.overflows(1_051)).isTrue();
    assertThat(queue.poll(1_070).sequence()).isEqualTo(1);
    assertThat(queue.poll(1_091)).isNull();
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void keepsWhatWaitsWhileTheRingGrows() {
    FrameQueue queue = queue(1_000);
    publish(10);
    ring.ensureCapacity(1_001);
    publish(1_500);

    assertThat(poll(queue).sequence()).isEqualTo(510);
    for (long k = 511; k < 1_510; k++) {
      assertThat(poll(queue).sequence()).isEqualTo(k);
    }
    assertThat(poll(queue)).isNull();
  }

  @Test
  void queuesWithDifferentBoundsDoNotTouchEachOther() {
    FrameQueue small = queue(1);
    FrameQueue large = queue(16);
    ring.ensureCapacity(17);
    publish(12);

    assertThat(poll(small).sequence()).isEqualTo(11);
    assertThat(poll(large).sequence()).isEqualTo(0);
  }

  /**
   * Claim: while one thread publishes as fast as it can, and the ring grows under it, every queue
   * sees frames in strictly growing order, none twice and none that carries another's index; and
   * once the publisher is done, every queue ends with the last frame.
   */
  @Test
  void racesWithThePublisherWithoutEverSeeingAFrameTwice() throws Exception {
    int frames = 2_000_000;
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<Future<Long>> seen = new ArrayList<>();
      for (int bound : new int[] {1, 3, 15, 200}) {
        FrameQueue queue = queue(bound);
        seen.add(threads.submit(drain(queue, frames)));
      }
      for (int i = 0; i < frames; i++) {
        if (i == frames / 2) {
          ring.ensureCapacity(201);
        }
        publish(1);
      }
      for (Future<Long> each : seen) {
        assertThat(each.get()).isPositive();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static Callable<Long> drain(FrameQueue queue, int frames) {
    return () -> {
      long count = 0;
      long last = -1;
      while (last < frames - 1) {
        Frame frame = poll(queue);
        if (frame == null) {
          Thread.onSpinWait();
          continue;
        }
        if (frame.sequence() <= last || frame.sampleIndex() != frame.sequence() * 960) {
          throw new AssertionError(frame.sequence() + " after " + last);
        }
        last = frame.sequence();
        count++;
      }
      return count;
    };
  }
}
