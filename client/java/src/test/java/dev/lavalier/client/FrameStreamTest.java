package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.UnknownFieldSet;
import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.GapPart;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.StreamFramesRequest.StartCase;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamNotice;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests how a stream handles every message and status that a server may send. */
final class FrameStreamTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  @ParameterizedTest
  @CsvSource({
    "INVALID_ARGUMENT, INVALID_REQUEST",
    "OUT_OF_RANGE, INVALID_REQUEST",
    "NOT_FOUND, DEVICE_NOT_FOUND",
    "FAILED_PRECONDITION, FORMAT_NOT_AVAILABLE",
    "RESOURCE_EXHAUSTED, LIMIT_REACHED",
    "UNAVAILABLE, UNAVAILABLE",
    "DEADLINE_EXCEEDED, UNAVAILABLE",
    "UNAUTHENTICATED, NOT_AUTHENTICATED",
    "PERMISSION_DENIED, NOT_PERMITTED",
    "INTERNAL, INTERNAL",
    "UNIMPLEMENTED, NOT_SUPPORTED",
    "DATA_LOSS, INTERNAL"
  })
  void statusIsMappedToKind(Status.Code code, Kind kind) {
    server.respondWith(List.of(), code.toStatus().withDescription("first line\nsecond line"));
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(() -> server.client().stream(StreamOptions.defaults()))
        .withMessage("first line")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(kind));
  }

  @Test
  void noticesReachListenerAndUnknownMessagesAreSkipped() throws Exception {
    StreamFramesResponse fromTheFuture =
        StreamFramesResponse.newBuilder()
            .setUnknownFields(
                UnknownFieldSet.newBuilder()
                    .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                    .build())
            .build();
    StreamFramesResponse notice =
        StreamFramesResponse.newBuilder()
            .setNotice(StreamNotice.newBuilder().setKindValue(77).setMessage("new words"))
            .build();
    server.respondWith(
        List.of(
            fromTheFuture,
            FakeMessages.started(80),
            FakeMessages.frame(0, 80, 0),
            fromTheFuture,
            notice,
            FakeMessages.started(160),
            FakeMessages.frame(0, 160, 240)),
        Status.UNAVAILABLE.withDescription("gone"));

    List<Notice> notices = new ArrayList<>();
    StreamOptions once = StreamOptions.builder().reconnect(Duration.ZERO).build();
    try (FrameStream stream = server.client().stream(once)) {
      stream.onNotice(notices::add);
      assertThat(stream.start().frameSize()).isEqualTo(80);
      assertThat(stream.read().gap()).isEmpty();
      assertThat(stream.read().gap()).contains(new Gap(240, Gap.Cause.SLOW_SUBSCRIBER, false));
      assertThat(stream.start().frameSize()).isEqualTo(160);
      assertThat(notices).containsExactly(new Notice(Notice.Kind.OTHER, "new words"));
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(stream::read)
          .withMessage("gone");
      assertThatExceptionOfType(LavalierException.class).isThrownBy(stream::read);
    }
  }

  @Test
  void optionsAreSentToServer() throws Exception {
    server.respondWith(List.of(FakeMessages.started(80)), Status.OK);
    server.client().stream(
            StreamOptions.builder()
                .deviceId("mic")
                .frameSize(80)
                .maxLatency(Duration.ofMillis(50))
                .overflowPolicy(OverflowPolicy.CLOSE)
                .preroll(Duration.ofSeconds(5))
                .clockNotices(true)
                .build())
        .close();
    assertThat(server.lastRequest().getDeviceId()).isEqualTo("mic");
    assertThat(server.lastRequest().getFrameSize()).isEqualTo(80);
    assertThat(server.lastRequest().getMaxLatencyMs()).isEqualTo(50);
    assertThat(server.lastRequest().getOverflowPolicyValue()).isEqualTo(2);
    assertThat(server.lastRequest().getPrerollMs()).isEqualTo(5_000);
    assertThat(server.lastRequest().getClockNotices()).isTrue();
    server.client().stream(StreamOptions.defaults()).close();
    assertThat(server.lastRequest().getStartCase()).isEqualTo(StartCase.START_NOT_SET);
  }

  @Test
  void clockNoticeReachesListener() throws Exception {
    StreamFramesResponse notice =
        StreamFramesResponse.newBuilder()
            .setNotice(
                StreamNotice.newBuilder()
                    .setKind(NoticeKind.NOTICE_KIND_CLOCK)
                    .setClockPpm(-12.5)
                    .setMessage("slow"))
            .build();
    server.respondWith(
        List.of(FakeMessages.started(80), notice, FakeMessages.frame(0, 80, 0)), Status.OK);
    List<Notice> notices = new ArrayList<>();
    try (FrameStream stream = server.client().stream(StreamOptions.defaults())) {
      stream.onNotice(notices::add);
      stream.read();
    }
    assertThat(notices)
        .containsExactly(new Notice(Notice.Kind.CLOCK, "slow", OptionalDouble.of(-12.5)));
  }

  @Test
  void gapHasPartOfEachCause() throws Exception {
    StreamFramesResponse.Builder frame = FakeMessages.frame(0, 80, 240).toBuilder();
    frame
        .getFrameBuilder()
        .getGapBuilder()
        .setCause(GapCause.GAP_CAUSE_SERVER_OVERLOAD)
        .setEstimated(true)
        .addParts(part(40, GapCause.GAP_CAUSE_DEVICE_OVERRUN, true))
        .addParts(part(90, GapCause.GAP_CAUSE_SERVER_OVERLOAD, true))
        .addParts(part(110, GapCause.GAP_CAUSE_SERVER_OVERLOAD, false));
    server.respondWith(List.of(FakeMessages.started(80), frame.build()), Status.OK);
    try (FrameStream stream = server.client().stream(StreamOptions.defaults())) {
      assertThat(stream.read().gap())
          .contains(
              new Gap(
                  240,
                  Gap.Cause.SERVER_OVERLOAD,
                  true,
                  List.of(
                      new Gap.Part(40, Gap.Cause.DEVICE_OVERRUN, true),
                      new Gap.Part(200, Gap.Cause.SERVER_OVERLOAD, true))));
    }
  }

  private static GapPart part(long samples, GapCause cause, boolean estimated) {
    return GapPart.newBuilder()
        .setSampleCount(samples)
        .setCause(cause)
        .setEstimated(estimated)
        .build();
  }

  /** As if a network interface of the address were gone for some time. */
  @Test
  void invalidAddressIsRetried() throws Exception {
    server.respondWith(
        List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)), Status.UNAVAILABLE);
    AtomicInteger attempts = new AtomicInteger();
    Supplier<Connection> connector =
        () -> {
          int attempt = attempts.incrementAndGet();
          if (attempt == 2 || attempt == 3) {
            throw new IllegalArgumentException("server: no interface");
          }
          return new Connection(server.channel(), () -> {});
        };
    TimeSource timeSource = new TimeSource(() -> 0, (latch, nanos) -> false, () -> 1);
    try (FrameStream stream =
        FrameStream.open(
            connector,
            new Endpoint("fake"),
            StreamOptions.defaults(),
            timeSource,
            1,
            new OpenStreams())) {
      assertThat(stream.read()).isNotNull();
      assertThat(stream.read()).isNotNull();
      assertThat(attempts).hasValue(4);
    }
  }

  /** The frames after it have another format. */
  @Test
  void startThatTheClientDoesNotKnowEndsTheStream() throws Exception {
    StreamFramesResponse.Builder newer = FakeMessages.started(80).toBuilder();
    newer.getStartedBuilder().setEpoch(8).setCodecValue(77);
    server.respondWith(
        List.of(
            FakeMessages.started(80),
            FakeMessages.frame(0, 80, 0),
            newer.build(),
            FakeMessages.frame(0, 80, 0)),
        null);
    try (FrameStream stream = server.client().stream(StreamOptions.defaults())) {
      assertThat(stream.read()).isNotNull();
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(stream::read)
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.INTERNAL));
      assertThat(stream.read()).isNull();
      assertThat(stream.connectionState()).isEqualTo(ConnectionState.CLOSED);
    }
  }

  /** A publisher without demand looks for other messages while frames arrive. */
  @Test
  void unwantedFrameIsNotTakenWhileItArrives() throws Exception {
    server.keepStreamsOpen();
    ExecutorService other = Executors.newSingleThreadExecutor();
    try (LavalierClient client = server.client(() -> 0)) {
      Future<FrameStream> opening = other.submit(() -> client.stream(StreamOptions.defaults()));
      StreamObserver<StreamFramesResponse> feed = server.awaitStreams(1).get(0);
      feed.onNext(FakeMessages.started(80));
      FrameStream stream = opening.get(10, TimeUnit.SECONDS);
      for (long index = 0; index < 500 * 80; index += 80) {
        StreamFramesResponse message = FakeMessages.frame(index, 80, 0);
        Future<?> feeding = other.submit(() -> feed.onNext(message));
        do {
          assertThat(stream.poll(false)).isNull();
        } while (!feeding.isDone());
        assertThat(stream.poll(true).sampleIndex()).isEqualTo(index);
      }
    } finally {
      other.shutdownNow();
    }
  }
}
