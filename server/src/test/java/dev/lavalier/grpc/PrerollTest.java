package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.TestPuller;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.OverflowPolicy;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.Status;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests streams that start with frames of the history. */
final class PrerollTest extends StartPointsFixture {

  /** The queue of this subscriber is too short for the replayed frames. */
  private static final StreamFramesRequest SHORT_LATENCY =
      LIVE.toBuilder().setMaxLatencyMs(100).build();

  @ParameterizedTest
  @CsvSource({
    "48000,2,480",
    "48000,2,441",
    "48000,2,100",
    "16000,1,320",
    "44100,1,441",
    "8000,1,8000"
  })
  void prerollEqualsFramesOfLiveSubscriber(int rate, int channels, int frameSize) throws Exception {
    StreamFramesRequest request =
        LIVE.toBuilder()
            .setFrameSize(frameSize)
            .setFormat(
                AudioFormat.newBuilder()
                    .setEncoding(SampleEncoding.SAMPLE_ENCODING_S16LE)
                    .setSampleRateHz(rate)
                    .setChannelCount(channels))
            .build();
    TestSubscriber live = lavalier.subscribe(request).requestAll();
    live.nextStarted();
    pass(2_600);
    TestSubscriber late = lavalier.subscribe(preroll(request, 1_500)).requestAll();
    assertThat(late.nextStarted().getPrerollMs()).isEqualTo(1_500);
    pass(1_000);

    AudioFrame first = late.nextFrame();
    assertThat(first.getSampleIndex()).isEqualTo(1_100L * rate / 1_000 / frameSize * frameSize);
    AudioFrame same = live.nextFrame();
    while (same.getSampleIndex() < first.getSampleIndex()) {
      same = live.nextFrame();
    }
    assertThat(first).isEqualTo(same);
    long frames = (long) (3.58 * rate - first.getSampleIndex()) / frameSize - 1;
    for (int i = 0; i < frames; i++) {
      assertThat(late.nextFrame()).isEqualTo(live.nextFrame());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {11_025, 22_050})
  void firstFrameOfReplayEqualsFrameOfLiveSubscriber(int rate) throws Exception {
    StreamFramesRequest request =
        LIVE.toBuilder()
            .setFrameSize(1)
            .setFormat(AudioFormat.newBuilder().setSampleRateHz(rate).setChannelCount(1))
            .build();
    TestSubscriber live = lavalier.subscribe(request).requestAll();
    live.nextStarted();
    pass(1_000);
    List<AudioFrame> frames = live.nextFrames(rate * 9 / 10);
    for (int millis = 200; millis < 900; millis += 7) {
      TestSubscriber late = lavalier.subscribe(preroll(request, millis)).requestAll();
      late.nextStarted();
      pass(10);
      AudioFrame first = late.nextFrame();
      assertThat(first).isEqualTo(frames.get((int) first.getSampleIndex()));
      late.cancel();
      frames.addAll(live.nextFrames(rate / 100));
    }
  }

  @Test
  void prerollWorksInUnusedFormat() throws Exception {
    TestSubscriber live = lavalier.subscribe(LIVE).requestAll();
    live.nextStarted();
    pass(1_000);
    StreamFramesRequest speech =
        LIVE.toBuilder()
            .setFrameSize(160)
            .setFormat(AudioFormat.newBuilder().setSampleRateHz(16_000).setChannelCount(1))
            .build();
    TestSubscriber late = lavalier.subscribe(preroll(speech, 500)).requestAll();
    assertThat(late.nextStarted().getPrerollMs()).isEqualTo(500);
    pass(1_000);
    long next = 8_000;
    for (AudioFrame frame : late.nextFrames(145)) {
      assertThat(frame.getSampleIndex()).isEqualTo(next);
      assertThat(frame.hasGap()).isFalse();
      next += 160;
    }
  }

  @Test
  void prerollIsLimitedToHistory() throws Exception {
    TestSubscriber live = lavalier.subscribe(LIVE).requestAll();
    live.nextStarted();
    pass(500);
    TestSubscriber early = lavalier.subscribe(preroll(LIVE, 60_000)).requestAll();
    assertThat(early.nextStarted().getPrerollMs()).isEqualTo(500);
    assertFollows(early.nextFrames(5), 0);
    pass(4_500);
    TestSubscriber late = lavalier.subscribe(preroll(LIVE, 60_000)).requestAll();
    assertThat(late.nextStarted().getPrerollMs()).isEqualTo(2_000);
    pass(1_000);
    assertFollows(late.nextFrames(295), 3 * 48_000);
  }

  @Test
  void replayRunsAtFiveTimesRealTime() throws Exception {
    TestSubscriber live = lavalier.subscribe(SHORT_LATENCY).requestAll();
    live.nextStarted();
    for (int ms = 0; ms < 1_000; ms += 10) {
      pass(10);
      live.awaitReceived(2 + ms / 10);
    }
    TestSubscriber late = lavalier.subscribe(preroll(SHORT_LATENCY, 1_000)).requestAll();
    int sent = 5;
    for (int k = 1; sent < 100 + k; k++) {
      late.awaitReceived(1 + sent);
      assertThat(late.received()).isEqualTo(1 + sent);
      pass(10);
      live.awaitReceived(101 + k);
      sent += 5;
    }
    for (int k = 24; k < 60; k++) {
      late.awaitReceived(1 + 100 + k);
      assertThat(late.received()).isEqualTo(1 + 100 + k);
      pass(10);
    }
    late.nextStarted();
    assertFollows(late.nextFrames(155), 0);
    assertFollows(live.nextFrames(155), 0);
  }

  @Test
  void subscriberSlowerThanHistoryLosesOldestFrames() throws Exception {
    TestSubscriber live = lavalier.subscribe(LIVE).requestAll();
    live.nextStarted();
    pass(1_000);
    TestSubscriber slow = lavalier.subscribe(preroll(LIVE, 1_000)).request(2);
    slow.nextStarted();
    assertThat(slow.nextFrame().getSampleIndex()).isZero();
    TestSubscriber strict =
        lavalier
            .subscribe(
                preroll(LIVE, 1_000).toBuilder()
                    .setOverflowPolicy(OverflowPolicy.OVERFLOW_POLICY_CLOSE)
                    .build())
            .request(2);
    strict.nextStarted();
    pass(6_000);
    assertThat(strict.requestAll().awaitStatus().getCode())
        .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);

    slow.requestAll();
    long next = 480;
    int gaps = 0;
    while (next < 7 * 48_000) {
      AudioFrame frame = slow.nextFrame();
      if (frame.hasGap()) {
        gaps++;
        assertThat(frame.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_SLOW_SUBSCRIBER);
        assertThat(frame.getGap().getEstimated()).isFalse();
      }
      assertThat(frame.getSampleIndex()).isEqualTo(next + frame.getGap().getSampleCount());
      next = frame.getSampleIndex() + 480;
    }
    assertThat(gaps).isEqualTo(1);
  }

  @Test
  void lossOfDeviceIsGapInReplay() throws Exception {
    TestSubscriber live = lavalier.subscribe(LIVE).requestAll();
    live.nextStarted();
    pass(2_000);
    lavalier.script("mic").dropsUntil = lavalier.timeSource().nanoTime() + 700_000_000L;
    pass(2_000);
    TestSubscriber late = lavalier.subscribe(preroll(LIVE, 2_000)).requestAll();
    AudioFrame same = live.next().getFrame();
    late.nextStarted();
    AudioFrame first = late.nextFrame();
    while (same.getSampleIndex() < first.getSampleIndex()) {
      same = live.nextFrame();
    }
    pass(1_000);
    boolean gap = false;
    for (int i = 0; i < 200; i++) {
      same = live.nextFrame();
      gap |= same.hasGap();
      assertThat(late.nextFrame()).isEqualTo(same);
    }
    assertThat(gap).isTrue();
  }

  @Test
  void pullerControlsPaceOfReplay() throws Exception {
    TestSubscriber live = lavalier.subscribe(LIVE).requestAll();
    live.nextStarted();
    pass(1_000);
    TestPuller puller = lavalier.pull(preroll(SHORT_LATENCY, 1_000), 3);
    assertThat(puller.received().nextStarted().getPrerollMs()).isEqualTo(1_000);
    assertFollows(puller.received().nextFrames(3), 0);
    pass(1_000);
    puller.grant(1);
    assertFollows(puller.received().nextFrames(1), 3 * 480);
    assertThat(puller.received().received()).isEqualTo(5);
  }
}
