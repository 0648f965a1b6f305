package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.ResourceUse;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestLevels;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamLevelsRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the limits on the memory and the work of streams. */
final class ResourceLimitsTest {

  private static final StreamFramesRequest TONE =
      StreamFramesRequest.newBuilder().setDeviceId("tone").setFrameSize(480).build();

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withHistory(Duration.ofSeconds(1))
          .withResources(
              new ResourceLimits(32 << 20, 8 << 20, 1 << 20, 100_000, 50_000, 0.02, 0.01, 2));

  private void assertRefused(StreamFramesRequest request, Status.Code code, String message)
      throws Exception {
    for (Status status :
        List.of(
            lavalier.subscribe(request).awaitStatus(),
            lavalier.pull(request, 1).received().awaitStatus())) {
      assertThat(status.getCode()).isEqualTo(code);
      assertThat(status.getDescription()).contains(message);
    }
  }

  /** Each frame size has a framer and a ring of its own. */
  @Test
  void streamsBeyondTheMemoryOfACallerAreRefusedBeforeTheDeviceOpens() throws Exception {
    StreamFramesRequest long60s = TONE.toBuilder().setMaxLatencyMs(60_000).build();
    assertRefused(
        long60s,
        Status.Code.RESOURCE_EXHAUSTED,
        "the limit of 8 MiB is reached (max-stream-memory-mb-per-caller)");
    assertThat(lavalier.device("tone").getState()).isEqualTo(DeviceState.DEVICE_STATE_CLOSED);

    List<TestSubscriber> accepted = new ArrayList<>();
    for (int k = 0; k < 3; k++) {
      TestSubscriber subscriber =
          lavalier
              .subscribe(TONE.toBuilder().setFrameSize(4_800 - k).setMaxLatencyMs(10_000).build())
              .requestAll();
      subscriber.nextStarted();
      accepted.add(subscriber);
    }
    StreamFramesRequest fourth =
        TONE.toBuilder().setFrameSize(4_700).setMaxLatencyMs(10_000).build();
    assertRefused(
        fourth,
        Status.Code.RESOURCE_EXHAUSTED,
        "the limit of 8 MiB is reached (max-stream-memory-mb-per-caller)");
    accepted.forEach(TestSubscriber::cancel);
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(lavalier.hub().resourceUse()).isEqualTo(new ResourceUse(0, 0, 0, 0));
    lavalier.subscribe(fourth).requestAll().nextStarted();
  }

  /** An interval counts as 0.288 ms for each second, and a caller has 10 ms. */
  @Test
  void levelsOfEachIntervalCountOnceAsWork() throws Exception {
    StreamLevelsRequest levels = StreamLevelsRequest.newBuilder().setDeviceId("tone").build();
    for (int k = 0; k < 34; k++) {
      levels(levels.toBuilder().setIntervalMs(100 + k).build()).nextStarted();
    }
    Status status = levels(levels.toBuilder().setIntervalMs(200).build()).status();
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription())
        .endsWith(
            " (max-conversion-percent-per-caller); request the interval_ms of another of these"
                + " streams, or close one");
    levels(levels).nextStarted();
  }

  private TestLevels levels(StreamLevelsRequest request) {
    return new TestLevels(lavalier.channel(), request).requestAll();
  }

  @Test
  void streamsWithTheSameFramesShareTheirMemory() throws Exception {
    StreamFramesRequest request =
        TONE.toBuilder().setFrameSize(4_800).setMaxLatencyMs(10_000).build();
    lavalier.subscribe(request).requestAll().nextStarted();
    long first = lavalier.hub().resourceUse().memoryBytes();
    for (int k = 0; k < 20; k++) {
      lavalier.subscribe(request).requestAll().nextStarted();
    }
    assertThat(lavalier.hub().resourceUse().memoryBytes()).isLessThan(3 * first);
  }

  @Test
  void framesPerSecondAreLimited() throws Exception {
    StreamFramesRequest tiny = TONE.toBuilder().setFrameSize(1).build();
    lavalier.subscribe(tiny).requestAll().nextStarted();
    assertRefused(
        tiny,
        Status.Code.RESOURCE_EXHAUSTED,
        "the limit of 50000 is reached (max-frames-per-s-per-caller)");
  }

  @Test
  void conversionsOfACallerAreLimited() throws Exception {
    StreamFramesRequest.Builder wide =
        TONE.toBuilder()
            .setFormat(AudioFormat.newBuilder().setSampleRateHz(96_000))
            .addAllChannelMap(List.of(1, 2, 1, 2));
    for (int k = 0; k < 5; k++) { // shared by all
      lavalier.subscribe(TONE.toBuilder().addChannelMap(2).build()).requestAll().nextStarted();
    }
    assertRefused(
        wide.build(),
        Status.Code.RESOURCE_EXHAUSTED,
        "the limit of 1 % of a processor is reached (max-conversion-percent-per-caller)");
  }

  @Test
  void channelsAreLimitedByTheCapturedChannels() throws Exception {
    StreamFramesRequest four = TONE.toBuilder().addAllChannelMap(List.of(1, 2, 1, 2)).build();
    lavalier.subscribe(four).requestAll().nextStarted();
    assertRefused(
        four.toBuilder().addChannelMap(1).build(),
        Status.Code.INVALID_ARGUMENT,
        "format.channel_count: 5 (expected: no more than 4 for 2 captured channels;"
            + " max-channel-factor)");
  }
}
