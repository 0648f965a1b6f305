package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.StreamLevelsResponse;
import io.grpc.ManagedChannel;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.grpc.testing.GrpcCleanupRule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.runner.Description;
import org.junit.runners.model.Statement;

/** Tests streams of levels with a real server, in process and in virtual time. */
final class LevelStreamTest {

  private static final double TONE_PEAK_DBFS = -12;

  @RegisterExtension
  final LavalierExtension lavalier = LavalierExtension.withManualTime().withScripted("mic");

  @RegisterExtension final FakeServer older = new FakeServer(); // without this call

  private LavalierClient client() {
    return LavalierClient.over(
        lavalier.channel(), TimeSource.withNanoTime(lavalier.timeSource()::nanoTime));
  }

  @Test
  void levelsAreReceived() throws Exception {
    LevelOptions options =
        LevelOptions.builder().deviceId("tone").interval(Duration.ofMillis(50)).build();
    try (LevelStream levels = client().streamLevels(options)) {
      assertThat(levels.start().deviceId()).isEqualTo("tone");
      assertThat(levels.start().frameSize()).isEqualTo(2_400);
      lavalier.advance(Duration.ofMillis(100), 1);
      for (int k = 0; k < 2; k++) {
        AudioLevels interval = levels.read();
        assertThat(interval.epoch()).isEqualTo(levels.start().epoch());
        assertThat(interval.sampleIndex()).isEqualTo(2_400L * k);
        assertThat(interval.sampleCount()).isEqualTo(2_400);
        assertThat(interval.lostSampleCount()).isZero();
        assertThat(interval.gap()).isEmpty();
        assertThat(interval.captureTimeUnixNanos())
            .isEqualTo(levels.start().epoch() * 1_000 + k * 50_000_000L);
        assertThat(interval.channels())
            .hasSize(2)
            .allSatisfy(
                channel -> {
                  assertThat(channel.peakDbfs()).isCloseTo(TONE_PEAK_DBFS, within(0.01));
                  assertThat(channel.rmsDbfs()).isCloseTo(TONE_PEAK_DBFS, within(0.01));
                  assertThat(channel.clippedCount()).isZero();
                });
      }
    }
    lavalier.timeSource().awaitSleepers(0);
    assertThat(client().listDevices())
        .allSatisfy(device -> assertThat(device.subscriberCount()).isZero());
  }

  @Test
  void silenceIsMinusInfinity() {
    ChannelLevel silence = new ChannelLevel(0, 0, 0);
    assertThat(silence.peakDbfs()).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(silence.rmsDbfs()).isEqualTo(Double.NEGATIVE_INFINITY);
  }

  @Test
  void lostDeviceIsNoticeAndException() throws Exception {
    List<Notice.Kind> notices = new ArrayList<>();
    try (LevelStream levels =
        client().streamLevels(LevelOptions.builder().deviceId("mic").build())) {
      levels.onNotice(notice -> notices.add(notice.kind()));
      lavalier.advance(Duration.ofMillis(100), 1);
      assertThat(levels.read()).isNotNull();
      lavalier.script("mic").readsNothing = true;
      lavalier.timeSource().advance(Duration.ofMillis(10));
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(levels::read)
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
      assertThat(notices).containsExactly(Notice.Kind.DEVICE_LOST);
    }
  }

  @Test
  void rejectedCallThrowsCheckedException() {
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(() -> client().streamLevels(LevelOptions.builder().deviceId("moon").build()))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.DEVICE_NOT_FOUND));
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(
            () ->
                client()
                    .streamLevels(LevelOptions.builder().interval(Duration.ofMinutes(1)).build()))
        .withMessage("interval_ms: 60000 (expected: 20..10000, or 0 for 100)")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.INVALID_REQUEST));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LevelOptions.builder().interval(Duration.ofNanos(999_999)).build())
        .withMessage("interval: PT0.000999999S (expected: zero for the default, or 20 ms or more)");
  }

  @Test
  void olderServerDoesNotSupportTheCall() {
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(() -> older.client().streamLevels(LevelOptions.defaults()))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.NOT_SUPPORTED));
  }

  @Test
  void closeReleasesWaitingReader() throws Exception {
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      LevelStream levels = client().streamLevels(LevelOptions.defaults());
      lavalier.timeSource().awaitSleepers(1);
      Future<AudioLevels> reading = other.submit(levels::read);
      levels.close();
      assertThat(reading.get(10, TimeUnit.SECONDS)).isNull();
      assertThat(levels.read()).isNull();
    } finally {
      other.shutdownNow();
    }
    lavalier.timeSource().awaitSleepers(0);
  }

  @Test
  void closedClientEndsItsStreams() throws Exception {
    LavalierClient client = client();
    try (LevelStream levels = client.streamLevels(LevelOptions.defaults())) {
      lavalier.timeSource().awaitSleepers(1);
      client.close();
      assertThat(levels.read()).isNull();
    }
    lavalier.timeSource().awaitSleepers(0);
  }

  /** Time passes only while the call waits. */
  @Test
  void silentServerIsUnavailableAfterTwentySeconds() throws Throwable {
    GrpcCleanupRule cleanup = new GrpcCleanupRule();
    cleanup
        .apply(
            new Statement() {
              @Override
              public void evaluate() throws Throwable {
                List<Long> waits = new ArrayList<>();
                TimeSource timeSource =
                    new TimeSource(() -> 0, (latch, nanos) -> !waits.add(nanos), () -> 1);
                LavalierClient client = LavalierClient.over(silentServer(cleanup), timeSource);
                assertThatExceptionOfType(LavalierException.class)
                    .isThrownBy(() -> client.streamLevels(LevelOptions.defaults()))
                    .withMessageContaining("20 s")
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
                assertThat(waits).containsExactly(20_000_000_000L);
              }
            },
            Description.EMPTY)
        .evaluate();
  }

  private static ManagedChannel silentServer(GrpcCleanupRule cleanup) throws Exception {
    String name = InProcessServerBuilder.generateName();
    cleanup.register(
        InProcessServerBuilder.forName(name)
            .directExecutor()
            .addService(
                new AudioCaptureGrpc.AudioCaptureImplBase() {
                  @Override
                  public void streamLevels(
                      StreamLevelsRequest request, StreamObserver<StreamLevelsResponse> levels) {}
                })
            .build()
            .start());
    return cleanup.register(InProcessChannelBuilder.forName(name).directExecutor().build());
  }
}
