package dev.lavalier.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

final class LiveSourceTest {

  private static final byte[] NOTHING = {};

  private final FrameRing ring = new FrameRing(16);

  private void publish(int count) {
    for (int i = 0; i < count; i++) {
      ring.publish(
          new Frame(ring.head(), ring.head() * 960, LossTotals.NONE, 0, 0, 0, 0, 0, NOTHING));
    }
  }

  /** Returns a queue without an age limit, from the first frame on. */
  private LiveSource queue(int bound) {
    return LiveSource.after(null, ring, bound, Long.MAX_VALUE);
  }

  private static Frame poll(LiveSource source) {
    return source.poll(0);
  }

  @Test
  void eachFrameIsReturnedOnceInOrder() {
    LiveSource source = queue(10);
    publish(3);

    assertThat(poll(source).sequence()).isEqualTo(0);
    assertThat(poll(source).sequence()).isEqualTo(1);
    assertThat(poll(source).sequence()).isEqualTo(2);
    assertThat(poll(source)).isNull();
  }

  @Test
  void oldestFramesBeyondBoundAreDropped() {
    LiveSource source = queue(4);
    publish(9);
    source.startTurn(false);

    assertThat(source.overflows(0)).isTrue();
    assertThat(poll(source).sequence()).isEqualTo(5);
    publish(1);
    source.startTurn(false);
    assertThat(source.overflows(0)).isFalse();
    publish(2);
    source.startTurn(false);
    assertThat(source.overflows(0)).isTrue();
    assertThat(poll(source).sequence()).isEqualTo(8);
  }

  @Test
  void boundDoesNotApplyToFramesForWhichTheSubscriberIsReady() {
    LiveSource source = queue(4);
    publish(9);
    source.startTurn(false);
    publish(6);
    source.startTurn(true);

    assertThat(source.overflows(0)).isTrue();
    for (int sequence = 5; sequence < 15; sequence++) {
      assertThat(poll(source).sequence()).isEqualTo(sequence);
      assertThat(source.overflows(0)).isFalse();
    }
  }

  @Test
  void expiredFramesAreDroppedWithoutNewerFrames() {
    LiveSource source = LiveSource.after(null, ring, 10, 50);
    for (long offeredNanos : new long[] {1_000, 1_020, 1_040}) {
      ring.publish(new Frame(ring.head(), 0, LossTotals.NONE, 0, 0, 0, offeredNanos, 0, NOTHING));
    }

    assertThat(source.overflows(1_050)).isFalse();
    assertThat(source.overflows(1_051)).isTrue();
    assertThat(source.poll(1_070).sequence()).isEqualTo(1);
    assertThat(source.poll(1_091)).isNull();
    assertThat(source.isEmpty()).isTrue();
  }

  @Test
  void timeOnTheWay_countsInTheAge() {
    LiveSource source = LiveSource.after(null, ring, 10, 50);
    for (long waitedNanos : new long[] {60, 51, 50, 10}) {
      ring.publish(
          new Frame(ring.head(), 0, LossTotals.NONE, 0, 0, 0, 1_000, waitedNanos, NOTHING));
    }

    assertThat(source.overflows(1_000)).isFalse(); // they expired on their way
    assertThat(source.poll(1_000).sequence()).isEqualTo(2);
    assertThat(source.lateFrames()).isEqualTo(2);
    assertThat(source.overflows(1_041)).isTrue();
    assertThat(source.poll(1_040).sequence()).isEqualTo(3);
    assertThat(source.lateFrames()).isZero();
  }

  @Test
  void queuedFramesAreKeptWhileRingGrows() {
    LiveSource source = queue(1_000);
    publish(10);
    ring.setCapacity(1_001);
    publish(1_500);
    source.startTurn(false);

    assertThat(poll(source).sequence()).isEqualTo(510);
    for (long k = 511; k < 1_510; k++) {
      assertThat(poll(source).sequence()).isEqualTo(k);
    }
    assertThat(poll(source)).isNull();
  }

  @Test
  void newestFramesAreKeptWhenRingShrinks() {
    ring.setCapacity(1_000);
    publish(1_000);
    LiveSource source = new LiveSource(ring, 985, 16, Long.MAX_VALUE, LossTotals.NONE);
    ring.setCapacity(16);
    publish(1);

    for (long k = 985; k < 1_001; k++) {
      assertThat(poll(source).sequence()).isEqualTo(k);
    }
    assertThat(poll(source)).isNull();
    assertThat(ring.oldestAvailable()).isEqualTo(985);
    assertThat(ring.get(984)).isNull();
  }

  @Test
  void queuesWithDifferentBoundsAreIndependent() {
    LiveSource small = queue(1);
    LiveSource large = queue(16);
    ring.setCapacity(17);
    publish(12);
    small.startTurn(false);
    large.startTurn(false);

    assertThat(poll(small).sequence()).isEqualTo(11);
    assertThat(poll(large).sequence()).isEqualTo(0);
  }

  /**
   * Claim: while one thread publishes as fast as it can, and the ring grows, every queue sees
   * frames in strictly increasing order, none twice and none with another frame's index. After the
   * publisher has finished, every queue ends with the last frame.
   */
  @Test
  void concurrentQueuesSeeEachFrameAtMostOnce() throws Exception {
    int frames = 2_000_000;
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<Future<Long>> seen = new ArrayList<>();
      for (int bound : new int[] {1, 3, 15, 200}) {
        LiveSource source = queue(bound);
        seen.add(threads.submit(drain(source, frames)));
      }
      for (int i = 0; i < frames; i++) {
        if (i == frames / 2) {
          ring.setCapacity(201);
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

  private static Callable<Long> drain(LiveSource source, int frames) {
    return () -> {
      long count = 0;
      long last = -1;
      while (last < frames - 1) {
        Frame frame = poll(source);
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
