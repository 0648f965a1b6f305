package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesRequest.StartCase;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamNotice;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests a stream whose server becomes unreachable. Frames are 10 ms long and arrive as soon as they
 * are captured; time passes only while the stream waits for a retry.
 */
final class ReconnectTest {

  private static final int FRAME_SIZE = 80;
  private static final long MS = 1_000_000;
  private static final Status GONE = Status.UNAVAILABLE.withDescription("gone");
  private static final StreamOptions PREROLL =
      StreamOptions.builder().preroll(Duration.ofMillis(500)).build();

  @RegisterExtension final FakeServer server = new FakeServer();

  private final List<Long> backoffsMs = new ArrayList<>();
  private final List<Notice> notices = new ArrayList<>();
  private final Deque<Long> outagesMs = new ArrayDeque<>(); // if empty, an outage is a backoff
  private double random = 1;
  private long now = 77_000_000_000L;

  private final TimeSource timeSource =
      new TimeSource(() -> now, this::recordBackoff, () -> random);

  private boolean recordBackoff(CountDownLatch cancelled, long nanos) {
    backoffsMs.add(nanos / MS);
    now += outagesMs.isEmpty() ? nanos : outagesMs.remove() * MS;
    return cancelled.getCount() == 0;
  }

  private FrameStream open(StreamOptions options) throws LavalierException {
    FrameStream stream = server.client(timeSource).stream(options);
    stream.onNotice(notices::add);
    return stream;
  }

  private FrameStream open() throws LavalierException {
    return open(StreamOptions.defaults());
  }

  private static StreamFramesResponse started(long epoch) {
    StreamFramesResponse.Builder message = FakeMessages.started(FRAME_SIZE).toBuilder();
    message.getStartedBuilder().setEpoch(epoch);
    return message.build();
  }

  /** Returns a frame without a gap, of an epoch that began at capture time 0. */
  private static StreamFramesResponse frame(long number) {
    StreamFramesResponse.Builder message =
        FakeMessages.frame(number * FRAME_SIZE, FRAME_SIZE, 0).toBuilder();
    message.getFrameBuilder().setReadDelayMicros(10_000);
    return message.build();
  }

  private static StreamFramesResponse capturedAt(long millis, StreamFramesResponse frame) {
    StreamFramesResponse.Builder message = frame.toBuilder();
    message.getFrameBuilder().setCaptureTimeUnixNanos(millis * MS);
    return message.build();
  }

  private static StreamFramesResponse with(
      GapCause cause, long missing, boolean estimated, StreamFramesResponse frame) {
    StreamFramesResponse.Builder message = frame.toBuilder();
    var gap = message.getFrameBuilder().getGapBuilder();
    gap.setSampleCount(missing).setCause(cause).setEstimated(estimated);
    return message.build();
  }

  private List<Notice.Kind> noticeKinds() {
    return notices.stream().map(Notice::kind).toList();
  }

  @Test
  void reconnectRequestsSameStreamFromLastPosition() throws Exception {
    server.respondWith(List.of(started(7), frame(0), frame(1)), GONE);
    server.thenRespondWith(List.of(started(7), frame(2)), GONE);
    try (FrameStream stream = open(PREROLL)) {
      stream.read();
      stream.read();
      assertThat(stream.read().gap()).isEmpty();
      assertThat(server.requests()).hasSize(2);
      StreamFramesRequest first = server.requests().get(0);
      assertThat(first.getPrerollMs()).isEqualTo(500);
      StreamFramesRequest second = server.lastRequest();
      assertThat(second.getDeviceId()).isEqualTo("fake");
      assertThat(second.getFrameSize()).isEqualTo(FRAME_SIZE);
      assertThat(second.getFormat().getSampleRateHz()).isEqualTo(8_000);
      assertThat(second.getResume().getEpoch()).isEqualTo(7);
      assertThat(second.getResume().getSampleIndex()).isEqualTo(2 * FRAME_SIZE);
      assertThat(noticeKinds()).containsExactly(Notice.Kind.RECONNECTING, Notice.Kind.RECONNECTED);
      assertThat(notices.get(0).message())
          .isEqualTo("connection lost, reconnecting for at most 300 s: gone");
      assertThat(notices.get(1).message())
          .isEqualTo("reconnected after 0.3 s, no samples are missing");
    }
  }

  @Test
  void gapWithinEpochIsExactAndCountedOnce() throws Exception {
    server.respondWith(List.of(started(7), frame(0)), GONE);
    server.thenRespondWith(
        List.of(started(7), frame(11)), GONE); // the server does not support resume
    server.thenRespondWith(
        List.of(started(7), with(GapCause.GAP_CAUSE_NOT_KEPT, 20 * FRAME_SIZE, false, frame(32))),
        GONE);
    server.thenRespondWith(
        List.of(started(7), with(GapCause.GAP_CAUSE_SLOW_SUBSCRIBER, FRAME_SIZE, false, frame(40))),
        GONE);
    try (FrameStream stream = open()) {
      assertThat(stream.read().gap()).isEmpty();
      assertThat(stream.read().gap()).contains(new Gap(10 * FRAME_SIZE, Gap.Cause.NOT_KEPT, false));
      assertThat(stream.read().gap()).contains(new Gap(20 * FRAME_SIZE, Gap.Cause.NOT_KEPT, false));
      // The server itself had dropped one of the seven.
      assertThat(stream.read().gap())
          .contains(
              new Gap(
                  7 * FRAME_SIZE,
                  Gap.Cause.NOT_KEPT,
                  false,
                  List.of(
                      new Gap.Part(FRAME_SIZE, Gap.Cause.SLOW_SUBSCRIBER, false),
                      new Gap.Part(6 * FRAME_SIZE, Gap.Cause.NOT_KEPT, false))));
    }
  }

  @Test
  void gapBetweenEpochsIsDifferenceOfCaptureTimes() throws Exception {
    outagesMs.addAll(List.of(1_000L, 2_000L, 300L));
    server.respondWith(List.of(started(7), frame(0)), GONE);
    server.thenRespondWith(List.of(started(8), capturedAt(1_010, frame(0))), GONE);
    server.thenRespondWith(
        List.of(
            started(9), with(GapCause.GAP_CAUSE_NOT_KEPT, 777, true, capturedAt(3_000, frame(0)))),
        GONE);
    server.thenRespondWith(
        List.of(
            started(10),
            with(GapCause.GAP_CAUSE_DEVICE_OVERRUN, FRAME_SIZE, true, capturedAt(3_310, frame(4)))),
        GONE);
    try (FrameStream stream = open()) {
      stream.read();
      assertThat(stream.read().gap()).contains(new Gap(8_000, Gap.Cause.NOT_KEPT, true));
      assertThat(stream.start().epoch()).isEqualTo(8);
      assertThat(stream.read().gap()).contains(new Gap(198 * 80, Gap.Cause.NOT_KEPT, true));
      assertThat(stream.read().gap())
          .contains(
              new Gap(
                  30 * FRAME_SIZE,
                  Gap.Cause.NOT_KEPT,
                  true,
                  List.of(
                      new Gap.Part(FRAME_SIZE, Gap.Cause.DEVICE_OVERRUN, true),
                      new Gap.Part(29 * FRAME_SIZE, Gap.Cause.NOT_KEPT, true))));
    }
  }

  /**
   * The server's clock is set during the outage. Its report and its capture times are wrong by the
   * step; the gap is the outage by this client's clock.
   */
  @ParameterizedTest
  @ValueSource(longs = {-3_600_000, -2_000, -300, 300, 3_600_000})
  void clockStepDuringOutageDoesNotChangeGap(long stepMs) throws Exception {
    outagesMs.add(7_010L);
    long reported = Math.max(0, 7_000 + stepMs) * 8;
    StreamFramesResponse first = capturedAt(7_010 + stepMs, frame(0));
    if (reported > 0) {
      first = with(GapCause.GAP_CAUSE_NOT_KEPT, reported, true, first);
    }
    server.respondWith(List.of(started(7), frame(0)), GONE);
    server.thenRespondWith(List.of(started(8), first), GONE);
    try (FrameStream stream = open()) {
      stream.read();
      assertThat(stream.read().gap()).contains(new Gap(56_000, Gap.Cause.NOT_KEPT, true));
      assertThat(notices.get(1).message())
          .isEqualTo("reconnected after 7.0 s, 56000 samples (7.000 s, estimated) are missing");
    }
  }

  /**
   * The server's clock is set while the stream runs. The server reports the gap by the number of
   * the epoch, which the wrong clock had given.
   */
  @ParameterizedTest
  @ValueSource(longs = {-3_600_000, -300, 300, 3_600_000})
  void clockStepBeforeOutageDoesNotChangeGap(long stepMs) throws Exception {
    outagesMs.add(7_010L);
    StreamFramesResponse next = capturedAt(7_020 + stepMs, frame(0));
    long reported = Math.max(1, 7_000 + stepMs) * 8;
    server.respondWith(List.of(started(7), frame(0), capturedAt(10 + stepMs, frame(1))), GONE);
    server.thenRespondWith(
        List.of(started(8), with(GapCause.GAP_CAUSE_NOT_KEPT, reported, true, next)), GONE);
    try (FrameStream stream = open()) {
      stream.read();
      stream.read();
      assertThat(stream.read().gap()).contains(new Gap(56_000, Gap.Cause.NOT_KEPT, true));
    }
  }

  /** A server that keeps its device open has captured the last 3 s of the outage. */
  @ParameterizedTest
  @ValueSource(longs = {0, 3_600_000})
  void gapEndsWhereHistoryBegins(long stepMs) throws Exception {
    outagesMs.add(10_000L);
    StreamFramesResponse.Builder again = started(8).toBuilder();
    again.getStartedBuilder().setPrerollMs(3_000);
    server.respondWith(List.of(started(7), frame(0)), GONE);
    server.thenRespondWith(List.of(again.build(), capturedAt(7_010 + stepMs, frame(0))), GONE);
    try (FrameStream stream = open()) {
      stream.read();
      assertThat(stream.read().gap()).contains(new Gap(56_000, Gap.Cause.NOT_KEPT, true));
    }
  }

  @Test
  void retriesBackOffAndEndAfterTimeout() throws Exception {
    server.respondWith(List.of(started(7), frame(0)), GONE);
    server.thenRespondWith(List.of(), Status.UNAVAILABLE.withDescription("not there"));
    try (FrameStream stream =
        open(StreamOptions.builder().reconnect(Duration.ofSeconds(20)).build())) {
      stream.read();
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(stream::read)
          .withMessage("not there");
      assertThat(backoffsMs)
          .containsExactly(250L, 500L, 1_000L, 2_000L, 4_000L, 5_000L, 5_000L, 2_250L);
      assertThat(noticeKinds()).containsExactly(Notice.Kind.RECONNECTING);
      assertThatExceptionOfType(LavalierException.class).isThrownBy(stream::read);
      assertThat(server.requests()).hasSize(1 + backoffsMs.size());
    }
  }

  @Test
  void jitterShortensBackoff() throws Exception {
    random = 0;
    server.respondWith(List.of(started(7), frame(0)), GONE);
    server.thenRespondWith(List.of(started(7), frame(1)), GONE);
    try (FrameStream stream = open()) {
      stream.read();
      stream.read();
      stream.read(); // after a reconnection, the backoff starts again
      assertThat(backoffsMs).containsExactly(187L, 187L);
    }
  }

  @Test
  void permanentFailureIsNotRetried() throws Exception {
    for (Status.Code code :
        List.of(
            Status.Code.INVALID_ARGUMENT,
            Status.Code.NOT_FOUND,
            Status.Code.FAILED_PRECONDITION,
            Status.Code.UNAUTHENTICATED,
            Status.Code.PERMISSION_DENIED,
            Status.Code.INTERNAL)) {
      server.respondWith(List.of(started(7), frame(0)), code.toStatus().withDescription("no"));
      try (FrameStream stream = open()) {
        stream.read();
        assertThatExceptionOfType(LavalierException.class)
            .isThrownBy(stream::read)
            .withMessage("no");
      }
    }
    assertThat(backoffsMs).isEmpty();
    assertThat(notices).isEmpty();
  }

  @Test
  void fullServerIsRetriedAndRejectionIsNot() throws Exception {
    server.respondWith(List.of(started(7), frame(0)), GONE);
    server.thenRespondWith(List.of(), Status.RESOURCE_EXHAUSTED.withDescription("full"));
    server.thenRespondWith(List.of(), Status.NOT_FOUND.withDescription("no such device"));
    try (FrameStream stream = open()) {
      stream.read();
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(stream::read)
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.DEVICE_NOT_FOUND));
      assertThat(backoffsMs).hasSize(2);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {110, -3_600_000})
  void rejectedResumePointIsDropped(long capturedAtMs) throws Exception {
    outagesMs.add(110L);
    server.respondWith(List.of(started(7), frame(0)), GONE);
    server.thenRespondWith(List.of(), Status.OUT_OF_RANGE.withDescription("resume: in the future"));
    server.thenRespondWith(List.of(started(3), capturedAt(capturedAtMs, frame(0))), GONE);
    try (FrameStream stream = open(PREROLL)) {
      stream.read();
      assertThat(stream.read().gap()).contains(new Gap(800, Gap.Cause.NOT_KEPT, true));
      assertThat(server.lastRequest().getStartCase()).isEqualTo(StartCase.START_NOT_SET);
    }
  }

  @Test
  void lostDeviceEndsStreamUnderFail() throws Exception {
    StreamFramesResponse lost =
        StreamFramesResponse.newBuilder()
            .setNotice(
                StreamNotice.newBuilder()
                    .setKind(NoticeKind.NOTICE_KIND_DEVICE_LOST)
                    .setMessage("it went"))
            .build();
    server.respondWith(List.of(started(7), frame(0), lost), GONE);
    try (FrameStream stream = open()) {
      stream.read();
      assertThatExceptionOfType(LavalierException.class).isThrownBy(stream::read);
      assertThat(backoffsMs).isEmpty();
    }
    try (FrameStream stream =
        open(StreamOptions.builder().onDeviceLoss(OnDeviceLoss.WAIT).build())) {
      stream.read();
      stream.read();
      assertThat(backoffsMs).hasSize(1);
    }
  }

  @Test
  void firstConnectionIsNotRetried() {
    server.respondWith(List.of(), GONE);
    assertThatExceptionOfType(LavalierException.class).isThrownBy(this::open).withMessage("gone");
    assertThat(backoffsMs).isEmpty();
  }

  @Test
  void closeReleasesReaderThatWaitsForRetry() throws Exception {
    server.respondWith(List.of(started(7), frame(0)), GONE);
    server.thenRespondWith(List.of(), GONE);
    CountDownLatch waiting = new CountDownLatch(1);
    TimeSource blockingTimeSource =
        new TimeSource(
            () -> now,
            (cancelled, nanos) -> {
              waiting.countDown();
              return cancelled.await(60, TimeUnit.SECONDS);
            },
            () -> 1);
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      FrameStream stream = server.client(blockingTimeSource).stream(StreamOptions.defaults());
      stream.read();
      Future<Frame> reading = other.submit(stream::read);
      assertThat(waiting.await(10, TimeUnit.SECONDS)).isTrue();
      stream.close();
      assertThat(reading.get(10, TimeUnit.SECONDS)).isNull();
      assertThat(server.requests()).hasSize(1);
    } finally {
      other.shutdownNow();
    }
  }

  @Test
  void resumedHistoryDoesNotExpire() throws Exception {
    StreamFramesResponse.Builder start = started(7).toBuilder();
    start.getStartedBuilder().setPrerollMs(500);
    List<StreamFramesResponse> messages = new ArrayList<>(List.of(start.build()));
    for (int k = 0; k < 60; k++) {
      messages.add(frame(k));
    }
    server.respondWith(messages, GONE);
    try (FrameStream stream = open()) {
      assertThat(stream.start().preroll()).isEqualTo(Duration.ofMillis(500));
      for (int k = 0; k < 50; k++) {
        now += 300 * MS; // each frame waits longer than the limit
        assertThat(stream.read().sampleIndex()).isEqualTo((long) k * FRAME_SIZE);
      }
      assertThat(stream.staleFrames()).isZero();
    }
  }
}
