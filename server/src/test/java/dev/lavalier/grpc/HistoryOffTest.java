package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Gap;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.ResumePoint;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamStarted;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server without history, as without {@code --history-ms}. */
final class HistoryOffTest {

  private static final StreamFramesRequest LIVE =
      StreamFramesRequest.newBuilder().setFrameSize(480).setMaxLatencyMs(60_000).build();

  @RegisterExtension final LavalierExtension lavalier = LavalierExtension.withManualTime();

  @Test
  void prerollIsNotGranted() throws Exception {
    lavalier.subscribe(LIVE).requestAll().nextStarted();
    lavalier.advance(Duration.ofSeconds(1), 1);
    TestSubscriber late = lavalier.subscribe(LIVE.toBuilder().setPrerollMs(500).build());
    assertThat(late.requestAll().nextStarted().getPrerollMs()).isZero();
    lavalier.advance(Duration.ofMillis(20), 1);
    AudioFrame first = late.nextFrame();
    assertThat(first.getSampleIndex()).isEqualTo(48_000);
    assertThat(first.hasGap()).isFalse();
  }

  @Test
  void resumedStreamStartsLiveWithGap() throws Exception {
    StreamStarted started = lavalier.subscribe(LIVE).requestAll().nextStarted();
    lavalier.advance(Duration.ofSeconds(1), 1);
    TestSubscriber late =
        lavalier
            .subscribe(
                LIVE.toBuilder()
                    .setResume(
                        ResumePoint.newBuilder()
                            .setEpoch(started.getEpoch())
                            .setSampleIndex(24_000))
                    .build())
            .requestAll();
    assertThat(late.nextStarted().getPrerollMs()).isZero();
    lavalier.advance(Duration.ofMillis(20), 1);
    AudioFrame first = late.nextFrame();
    assertThat(first.getSampleIndex()).isEqualTo(48_000);
    assertThat(first.getGap())
        .isEqualTo(
            Gap.newBuilder().setSampleCount(24_000).setCause(GapCause.GAP_CAUSE_NOT_KEPT).build());
    assertThat(late.nextFrame().hasGap()).isFalse();
  }
}
