package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.pipeline.EncoderThreads;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/** Tests codecs that encode on threads of their own. The test runs the tasks of these threads. */
final class EncoderThreadsTest {

  private static final int PERIOD = 480; // 10 ms, and one frame

  /** The frames of one burst of 250 ms, and two more. */
  private static final int MAX_WAITING = 27;

  private final Queue<Runnable> first = new ArrayDeque<>();
  private final Queue<Runnable> second = new ArrayDeque<>();
  private final EncoderThreads threads =
      new EncoderThreads(List.of(this::executeFirst, second::add));
  private boolean noThread; // can be created for the first executor

  /** A codec that counts its frames, and can fail. */
  private final class CountingCodec implements FrameCodec {
    final List<Long> encoded = new ArrayList<>();
    long failsAt = Long.MAX_VALUE;

    @Override
    public FrameEncoder newEncoder(PcmFormat format, int frameSize) {
      return this::encode;
    }

    private byte[] encode(Period frame) {
      if (frame.sampleIndex() >= failsAt) {
        throw new IllegalStateException("no more bits");
      }
      encoded.add(frame.sampleIndex());
      return new byte[1];
    }

    @Override
    public long workNanosPerSecond(PcmFormat format, int frameSize) {
      return 1;
    }

    @Override
    public Executor assignThread() {
      return threads.assign();
    }
  }

  private final CountingCodec codec = new CountingCodec();
  private final TestDelivery delivery = new TestDelivery(PERIOD, Duration.ofSeconds(1));

  private TestDelivery.Sink subscribe(FrameCodec with, StartFrom start) throws Exception {
    return subscribe(with, PERIOD, start);
  }

  private TestDelivery.Sink subscribe(FrameCodec with, int frameSize, StartFrom start)
      throws Exception {
    TestDelivery.Sink sink =
        delivery.subscribe(frameSize, 200, OverflowPolicy.DROP_OLDEST, start, with);
    delivery.runAll();
    return sink;
  }

  /** Subscribes with another codec of the first thread. */
  private TestDelivery.Sink subscribeOnFirst() throws Exception {
    subscribe(new CountingCodec(), StartFrom.LIVE); // the second thread
    return subscribe(new CountingCodec(), StartFrom.LIVE);
  }

  private void executeFirst(Runnable task) {
    if (noThread) {
      throw new OutOfMemoryError("unable to create a thread");
    }
    first.add(task);
  }

  private static void runAll(Queue<Runnable> thread) {
    Runnable task;
    while ((task = thread.poll()) != null) {
      task.run();
    }
  }

  @Test
  void frameIsDeliveredWhenTheEncoderThreadHasEncodedIt() throws Exception {
    TestDelivery.Sink sink = subscribe(codec, StartFrom.LIVE);
    delivery.read();
    delivery.runAll();
    assertThat(codec.encoded).isEmpty();
    assertThat(sink.indexes).isEmpty();

    runAll(first);
    delivery.runAll();
    assertThat(sink.indexes).containsExactly(0L);
    assertThat(second).isEmpty();
  }

  @Test
  void frameIsEncodedOnceForAllSubscriptionsOfItsPlan() throws Exception {
    TestDelivery.Sink one = subscribe(codec, StartFrom.LIVE);
    TestDelivery.Sink other = subscribe(codec, StartFrom.LIVE);
    delivery.read();
    runAll(first);
    delivery.runAll();
    assertThat(codec.encoded).containsExactly(0L);
    assertThat(one.indexes).containsExactly(0L);
    assertThat(other.indexes).containsExactly(0L);
  }

  @Test
  void threadIsWokenOnlyByBlocksThatCompleteFrames() throws Exception {
    TestDelivery.Sink sink = subscribe(codec, 3 * PERIOD, StartFrom.LIVE);
    delivery.read();
    delivery.read();
    assertThat(first).isEmpty();
    delivery.read();
    assertThat(first).hasSize(1);

    runAll(first);
    delivery.runAll();
    assertThat(sink.indexes).containsExactly(0L);
  }

  @Test
  void blocksThatWaitedForTheirFrameAreLostWithItIfNoThreadCanBeCreated() throws Exception {
    TestDelivery.Sink sink = subscribe(codec, 2 * PERIOD, StartFrom.LIVE);
    noThread = true;
    delivery.read();
    delivery.read();
    noThread = false;
    delivery.read();
    delivery.read();
    runAll(first);
    delivery.runAll();
    assertThat(sink.indexes).containsExactly(2L * PERIOD);
    assertThat(sink.gaps).singleElement().extracting(Gap::sampleCount).isEqualTo(2L * PERIOD);
  }

  @Test
  void framersAreAssignedToTheThreadsInTurn() throws Exception {
    subscribe(codec, StartFrom.LIVE);
    subscribe(new CountingCodec(), StartFrom.LIVE);
    delivery.read();
    delivery.read();
    assertThat(first).hasSize(2);
    assertThat(second).hasSize(2);
  }

  @Test
  void framersOfOneThreadShareItsTasks() throws Exception {
    TestDelivery.Sink one = subscribe(codec, StartFrom.LIVE);
    TestDelivery.Sink other = subscribeOnFirst();
    delivery.read();
    assertThat(first).hasSize(1);

    runAll(first);
    delivery.runAll();
    assertThat(one.indexes).containsExactly(0L);
    assertThat(other.indexes).containsExactly(0L);
  }

  @Test
  void liveSubscriptionGetsNoAudioThatWaitedBeforeIt() throws Exception {
    subscribe(codec, StartFrom.LIVE);
    for (int k = 0; k < 5; k++) {
      delivery.read();
    }
    TestDelivery.Sink late = subscribeOnFirst();
    runAll(first);
    delivery.runAll();
    assertThat(late.indexes).isEmpty();

    delivery.read();
    runAll(first);
    delivery.runAll();
    assertThat(late.indexes).containsExactly(5L * PERIOD);
    assertThat(late.gaps).isEmpty();
  }

  @Test
  void subscriptionThatStartsDuringOverloadCountsFromItsStart() throws Exception {
    subscribe(codec, StartFrom.LIVE);
    for (int k = 0; k < 100; k++) {
      delivery.read();
    }
    TestDelivery.Sink late = subscribeOnFirst();
    delivery.read();
    runAll(first);
    delivery.read();
    runAll(first);
    delivery.runAll();
    assertThat(late.indexes).containsExactly(101L * PERIOD);
    assertThat(late.gaps).containsExactly(Gap.of(PERIOD, LossCause.SERVER_OVERLOAD, false));
  }

  @Test
  void lossOfTheDeviceDuringOverloadKeepsItsCause() throws Exception {
    TestDelivery.Sink sink = subscribe(codec, StartFrom.LIVE);
    for (int k = 0; k < 100; k++) {
      delivery.read();
      if (k == 50) {
        delivery.lose(PERIOD);
      }
    }
    runAll(first);
    delivery.read();
    runAll(first);
    delivery.runAll();
    assertThat(sink.indexes).endsWith(101L * PERIOD);
    Gap.Part overload =
        new Gap.Part((100L - MAX_WAITING) * PERIOD, new Loss(LossCause.SERVER_OVERLOAD, false));
    assertThat(sink.gaps)
        .containsExactly(new Gap(List.of(new Gap.Part(PERIOD, Loss.OVERRUN), overload)));
  }

  @Test
  void lossOfTheDeviceWithoutOverloadIsNotOverload() throws Exception {
    TestDelivery.Sink sink = subscribe(codec, StartFrom.LIVE);
    delivery.read();
    delivery.lose(100);
    delivery.read(); // samples 580 to 1,059: no whole frame
    delivery.read();
    runAll(first);
    delivery.runAll();
    assertThat(sink.indexes).containsExactly(0L, 2L * PERIOD);
    assertThat(sink.gaps).containsExactly(Gap.of(PERIOD, LossCause.DEVICE_OVERRUN, true));
  }

  /** The thread has time for half of the frames. */
  @Test
  void overloadLeavesWholeLongFrames() throws Exception {
    int periodsPerFrame = 6;
    TestDelivery.Sink sink = subscribe(codec, periodsPerFrame * PERIOD, StartFrom.LIVE);
    for (int k = 0; k < 1_000; k++) {
      delivery.read();
      if (k % (2 * periodsPerFrame) == periodsPerFrame) {
        first.remove().run();
      }
      delivery.runAll();
    }
    assertThat(codec.encoded).hasSizeBetween(50, 90); // of 166; 83 without a loss by the cuts
    long last = sink.indexes.get(sink.indexes.size() - 1);
    long missing = sink.gaps.stream().mapToLong(Gap::sampleCount).sum();
    assertThat(last).isEqualTo((sink.indexes.size() - 1L) * periodsPerFrame * PERIOD + missing);
  }

  @Test
  void framesThatTheThreadHasNoTimeForAreCountedAsOverload() throws Exception {
    TestDelivery.Sink sink = subscribe(codec, StartFrom.LIVE);
    for (int k = 0; k < 100; k++) {
      delivery.read();
      delivery.runAll();
    }
    assertThat(first).hasSize(MAX_WAITING);

    runAll(first);
    delivery.read();
    runAll(first);
    delivery.runAll();
    assertThat(sink.indexes).hasSize(MAX_WAITING + 1).endsWith(100L * PERIOD);
    assertThat(sink.gaps)
        .containsExactly(Gap.of((100L - MAX_WAITING) * PERIOD, LossCause.SERVER_OVERLOAD, false));
  }

  @Test
  void framesForWhichNoThreadCanBeCreatedAreCountedAsOverload() throws Exception {
    TestDelivery.Sink sink = subscribe(codec, StartFrom.LIVE);
    noThread = true;
    for (int k = 0; k < 100; k++) {
      delivery.read();
    }
    noThread = false;
    delivery.read();
    runAll(first);
    delivery.runAll();
    assertThat(sink.indexes).containsExactly(100L * PERIOD);
    assertThat(sink.gaps).containsExactly(Gap.of(100L * PERIOD, LossCause.SERVER_OVERLOAD, false));
  }

  @Test
  void encoderThatThrowsEndsOnlyItsSubscriptions() throws Exception {
    CountingCodec failing = new CountingCodec();
    TestDelivery.Sink failed = subscribe(failing, StartFrom.LIVE);
    TestDelivery.Sink also = subscribe(failing, StartFrom.LIVE);
    TestDelivery.Sink other = subscribe(codec, StartFrom.LIVE);
    failing.failsAt = PERIOD;
    for (int k = 0; k < 3; k++) {
      delivery.read();
      runAll(first);
      runAll(second);
      delivery.runAll();
    }
    assertThat(failed.indexes).containsExactly(0L);
    assertThat(failed.ends).hasSize(1);
    assertThat(failed.ends.get(0).reason()).isEqualTo(Reason.SERVER_FAILED);
    assertThat(failed.ends.get(0)).hasMessageContaining("no more bits");
    assertThat(also.ends).hasSize(1);
    assertThat(other.ends).isEmpty();
    assertThat(other.indexes).containsExactly(0L, (long) PERIOD, 2L * PERIOD);
  }

  @Test
  void subscriberThatIsNotReadyLosesFramesAsWithoutThreads() throws Exception {
    TestDelivery.Sink sink = subscribe(codec, StartFrom.LIVE);
    sink.ready = false;
    for (int k = 0; k < 50; k++) {
      delivery.read();
      runAll(first);
      delivery.runAll();
    }
    sink.ready = true;
    delivery.wake();
    delivery.runAll();
    assertThat(sink.indexes).hasSize(20); // 200 ms
    assertThat(sink.gaps).containsExactly(Gap.of(30L * PERIOD, LossCause.SLOW_SUBSCRIBER, false));
  }

  @Test
  void replayEncodesOnDeliveryLoopAndContinuesWithFramesOfTheThread() throws Exception {
    for (int k = 0; k < 40; k++) {
      delivery.read();
    }
    TestDelivery.Sink sink = subscribe(codec, new StartFrom.Preroll(300));
    assertThat(sink.indexes).isNotEmpty();
    assertThat(first).isEmpty();
    for (int k = 0; k < 40; k++) {
      delivery.read();
      delivery.runAll();
      runAll(first);
      delivery.runAll();
    }
    assertThat(sink.gaps).isEmpty();
    for (int k = 0; k < sink.indexes.size(); k++) {
      assertThat(sink.indexes.get(k)).isEqualTo((10L + k) * PERIOD);
    }
    assertThat(sink.indexes).hasSize(70);
  }

  @Test
  void replayEndsIfTheEncoderOfItsLiveFramesFails() throws Exception {
    for (int k = 0; k < 40; k++) {
      delivery.read();
    }
    TestDelivery.Sink sink = subscribe(codec, new StartFrom.Preroll(300));
    codec.failsAt = 40L * PERIOD;
    delivery.read();
    runAll(first);
    delivery.runAll();
    assertThat(sink.ends).hasSize(1);
    assertThat(sink.ends.get(0).reason()).isEqualTo(Reason.SERVER_FAILED);
  }
}
