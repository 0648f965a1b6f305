package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.SubscriptionStatus;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.RawCall;
import dev.lavalier.testing.TestPuller;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.OverflowPolicy;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests credit: its effect and its limits. The transport itself accepts every message. */
final class PullFramesTest {

  private static final StreamFramesRequest TONE =
      StreamFramesRequest.newBuilder().setDeviceId("tone").setFrameSize(480).build();
  private static final StreamFramesRequest MIC = TONE.toBuilder().setDeviceId("mic").build();
  private static final Duration HALF_MAX_LATENCY = Duration.ofMillis(100);

  private final List<Long> endedAfterFrames = new CopyOnWriteArrayList<>();
  private final List<String> endReasons = new CopyOnWriteArrayList<>();

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withScripted("mic")
          .withObserver(
              new HubObserver() {
                @Override
                public void onSubscriptionEnded(SubscriptionStatus subscription, String reason) {
                  endedAfterFrames.add(subscription.frames());
                  endReasons.add(reason);
                }
              });

  private static void assertFrames(TestPuller puller, long index, int count) throws Exception {
    for (AudioFrame frame : puller.received().nextFrames(count)) {
      assertThat(frame.getSampleIndex()).isEqualTo(index);
      assertThat(frame.hasGap()).isFalse();
      index += 480;
    }
  }

  private static void assertOk(TestPuller puller, int framesInAll) throws Exception {
    assertThat(puller.received().awaitStatus()).isEqualTo(Status.OK);
    assertThat(puller.received().received()).isEqualTo(1 + framesInAll);
  }

  private void assertRefused(TestPuller puller, Status.Code code, String message) throws Exception {
    Status status = puller.received().awaitStatus();
    assertThat(status.getCode()).isEqualTo(code);
    assertThat(status.getDescription()).isEqualTo(message);
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(lavalier.device("tone").getSubscriberCount()).isZero();
  }

  @Test
  void oneFrameIsSentPerCredit() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 3);
    puller.received().nextStarted();
    lavalier.advance(HALF_MAX_LATENCY, 1); // ten frames
    assertFrames(puller, 0, 3);
    puller.grant(2);
    assertFrames(puller, 3 * 480, 2);
    puller.grant(4).grant(1);
    assertFrames(puller, 5 * 480, 5);
    lavalier.advance(HALF_MAX_LATENCY, 1);
    puller.halfClose();
    assertOk(puller, 10);
  }

  @Test
  void creditCanBeGrantedLater() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 0);
    puller.received().nextStarted();
    lavalier.advance(HALF_MAX_LATENCY, 1);
    assertThat(puller.received().received()).isEqualTo(1);
    puller.grant(2);
    assertFrames(puller, 0, 2);
    puller.halfClose();
    assertOk(puller, 2);
  }

  @Test
  void unusedCreditWaitsForFrames() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 5);
    puller.received().nextStarted();
    for (int k = 0; k < 5; k++) {
      lavalier.advance(Duration.ofMillis(10), 1);
      assertFrames(puller, k * 480L, 1);
    }
    puller.halfClose();
    assertOk(puller, 5);
  }

  @Test
  void afterPauseFramesAreFreshAndGapIsExact() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 1);
    puller.received().nextStarted();
    lavalier.advance(Duration.ofSeconds(5), 1);
    assertFrames(puller, 0, 1);

    puller.grant(1);
    AudioFrame frame = puller.received().nextFrame();
    // 500 frames were captured, one was delivered, and 20 frames (200 ms) were waiting.
    assertThat(frame.getSampleIndex()).isEqualTo(480L * (500 - 20));
    assertThat(frame.getGap().getSampleCount()).isEqualTo(480L * (500 - 20 - 1));
    assertThat(frame.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_SLOW_SUBSCRIBER);
    assertThat(frame.getGap().getEstimated()).isFalse();
    long read = frame.getCaptureTimeUnixNanos() + frame.getReadDelayMicros() * 1_000L;
    assertThat(Duration.ofNanos(lavalier.timeSource().unixNanos() - read))
        .isEqualTo(Duration.ofMillis(190));

    puller.grant(20);
    assertFrames(puller, 480L * (500 - 19), 19);
  }

  @Test
  void halfClosedCallEndsAfterLastGrantedFrame() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 250).halfClose();
    puller.received().nextStarted();
    for (int k = 0; k < 240; k += 10) {
      lavalier.advance(HALF_MAX_LATENCY, 1);
      assertFrames(puller, k * 480L, 10);
    }
    lavalier.advance(Duration.ofMillis(90), 1);
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertFrames(puller, 240 * 480L, 10);
    assertOk(puller, 250);
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(LavalierExtension.readers()).isEmpty();
    assertThat(endedAfterFrames).containsExactly(250L); // the last one counts in the records too
  }

  @Test
  void creditInManyMessagesIsUsedUp() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 1);
    for (int i = 0; i < 20; i++) {
      puller.grant(1);
    }
    puller.halfClose().received().nextStarted();
    lavalier.advance(HALF_MAX_LATENCY, 1);
    lavalier.advance(HALF_MAX_LATENCY, 1);
    assertFrames(puller, 0, 20);
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertFrames(puller, 20 * 480, 1);
    assertOk(puller, 21);
  }

  @Test
  void halfClosedCallWithoutCreditEndsAtOnce() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 0);
    puller.received().nextStarted();
    puller.halfClose();
    assertOk(puller, 0);
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
  }

  @Test
  void cancelClosesDevice() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 1_000);
    puller.received().nextStarted();
    lavalier.advance(HALF_MAX_LATENCY, 1);
    assertFrames(puller, 0, 10);
    puller.received().cancel();
    assertThat(puller.received().awaitStatus().getCode()).isEqualTo(Status.Code.CANCELLED);
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(LavalierExtension.readers()).isEmpty();
  }

  @Test
  void expiredFramesAreDroppedWithoutNewerFrames() throws Exception {
    TestPuller puller = lavalier.pull(MIC, 0);
    puller.received().nextStarted();
    lavalier.advance(HALF_MAX_LATENCY, 1);
    lavalier.script("mic").stalls = true;
    lavalier.timeSource().advance(Duration.ofMillis(201));
    puller.grant(1_000);
    lavalier.advanceUntil(
        Duration.ofMillis(10),
        () -> lavalier.device("mic").getState() != DeviceState.DEVICE_STATE_OPEN);
    assertThat(puller.received().next().getNotice().getKind())
        .isEqualTo(NoticeKind.NOTICE_KIND_DEVICE_LOST);
    assertThat(puller.received().awaitStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(puller.received().received()).isEqualTo(2);
  }

  @Test
  void closePolicyEndsCallWhenFrameExpires() throws Exception {
    TestPuller puller =
        lavalier.pull(
            MIC.toBuilder().setOverflowPolicy(OverflowPolicy.OVERFLOW_POLICY_CLOSE).build(), 0);
    puller.received().nextStarted();
    lavalier.advance(Duration.ofMillis(50), 1);
    lavalier.script("mic").stalls = true;
    lavalier.timeSource().advance(Duration.ofMillis(201));
    puller.grant(1);
    Status status = puller.received().awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription())
        .isEqualTo(
            "queue overflow: frames were not read within max_latency_ms (200); read faster or raise"
                + " it");
    assertThat(puller.received().received()).isEqualTo(1);
  }

  @Test
  void firstMessageMustSubscribe() throws Exception {
    assertRefused(
        TestPuller.withoutRequest(lavalier.channel()).grant(5),
        Status.Code.INVALID_ARGUMENT,
        "subscribe: unset (expected: set in the first message, and in no later one)");
    assertRefused(
        TestPuller.withoutRequest(lavalier.channel()).halfClose(),
        Status.Code.INVALID_ARGUMENT,
        "subscribe: unset (expected: set in the first message)");
  }

  @Test
  void secondSubscribeEndsCall() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 1);
    puller.received().nextStarted();
    assertRefused(
        puller.send(PullFramesRequest.newBuilder().setSubscribe(TONE).setCredit(1).build()),
        Status.Code.INVALID_ARGUMENT,
        "subscribe: set again (expected: set in the first message, and in no later one)");
  }

  @Test
  void malformedMessageEndsSubscriptionWithItsReason() throws Exception {
    RawCall call =
        RawCall.start(lavalier.channel(), AudioCaptureGrpc.getPullFramesMethod())
            .send(PullFramesRequest.newBuilder().setSubscribe(TONE).build().toByteArray());
    assertThat(call.isAnswered()).isTrue();
    call.send(new byte[] {-1});
    String reason =
        "request: malformed (expected: a message of lavalier.v1.AudioCapture/PullFrames)";
    assertThat(call.status().getDescription()).isEqualTo(reason);
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(endReasons).containsExactly(reason);
  }

  @Test
  void creditOutOfRangeEndsCall() throws Exception {
    assertRefused(
        lavalier.pull(TONE, -1), Status.Code.INVALID_ARGUMENT, "credit: -1 (expected: 0 or more)");
    TestPuller negative = lavalier.pull(TONE, 7);
    negative.received().nextStarted();
    assertRefused(
        negative.grant(-7).halfClose(),
        Status.Code.INVALID_ARGUMENT,
        "credit: -7 (expected: 0 or more)");
    TestPuller overflowing = lavalier.pull(TONE, Integer.MAX_VALUE);
    overflowing.received().nextStarted();
    assertRefused(
        overflowing.grant(1),
        Status.Code.INVALID_ARGUMENT,
        "credit: 2147483648 (expected: no more than 2147483647 in all at a time)");
  }

  @Test
  void laterMessageWithoutCreditEndsCall() throws Exception {
    TestPuller puller = lavalier.pull(TONE, 0);
    puller.received().nextStarted();
    assertRefused(
        puller.grant(0),
        Status.Code.INVALID_ARGUMENT,
        "credit: 0 (expected: 1 or more in a message after the first)");
  }

  /** A client that sends messages as fast as it can does not keep the delivery loop busy. */
  @Test
  void messagesWithoutFramesInBetweenAreNotRead() throws Exception {
    AtomicInteger read = new AtomicInteger();
    try (DirectServer server = new DirectServer(lavalier.hub(), new MessageCounter(read))) {
      TestPuller puller =
          TestPuller.pull(
              server.channel(),
              PullFramesRequest.newBuilder().setSubscribe(TONE).setCredit(1).build());
      puller.received().nextStarted();
      for (int i = 0; i < 1_000; i++) {
        puller.grant(1);
      }
      assertThat(read.get()).isBetween(1, 5);
      lavalier.advance(HALF_MAX_LATENCY, 1); // ten frames
      assertFrames(puller, 0, 10);
      assertThat(read.get()).isBetween(5, 50);
    }
  }

  /** Counts the messages that the calls of a server read. */
  private record MessageCounter(AtomicInteger read) implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
        @Override
        public void onMessage(Q message) {
          read.incrementAndGet();
          super.onMessage(message);
        }
      };
    }
  }

  @Test
  void usedCreditCanBeGrantedAgain() throws Exception {
    TestPuller puller = lavalier.pull(TONE, Integer.MAX_VALUE);
    puller.received().nextStarted();
    lavalier.advance(HALF_MAX_LATENCY, 1);
    assertFrames(puller, 0, 10);
    puller.grant(10);
    lavalier.advance(HALF_MAX_LATENCY, 1);
    assertFrames(puller, 10 * 480, 10);
  }

  @Test
  void invalidSubscriptionsAreRejectedAsInStreamFrames() throws Exception {
    assertRefused(
        lavalier.pull(TONE.toBuilder().setDeviceId("moon").build(), 1),
        Status.Code.NOT_FOUND,
        "device_id: moon (expected: one of mic, tone)");
    assertRefused(
        lavalier.pull(TONE.toBuilder().setMaxLatencyMs(9).build(), 1).grant(1).halfClose(),
        Status.Code.INVALID_ARGUMENT,
        "max_latency_ms: 9 (expected: 10..60000; at least one frame)");
    assertRefused(
        lavalier.pull(TONE.toBuilder().setMaxLatencyMs(60_001).build(), 1),
        Status.Code.INVALID_ARGUMENT,
        "max_latency_ms: 60001 (expected: 10..60000; at least one frame)");
  }

  @Test
  void stalledPullerDoesNotAffectOthers() throws Exception {
    TestPuller standing = lavalier.pull(TONE, 1);
    standing.received().nextStarted();
    TestSubscriber other = lavalier.subscribe(TONE).requestAll();
    other.nextStarted();
    for (int k = 0; k < 100; k += 10) {
      lavalier.advance(HALF_MAX_LATENCY, 1);
      assertThat(other.nextFrames(10)).noneMatch(AudioFrame::hasGap);
    }
    assertThat(standing.received().received()).isEqualTo(2);
  }
}
