package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.virtual.ToneDevice;
import dev.lavalier.capture.virtual.VirtualDevice;
import dev.lavalier.pipeline.LevelCodec;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestLevels;
import dev.lavalier.v1.AudioLevels;
import dev.lavalier.v1.ChannelLevel;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.StreamLevelsResponse;
import dev.lavalier.v1.StreamStarted;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the levels that StreamLevels sends, and that the call is a subscription. */
final class StreamLevelsTest {

  private static final StreamLevelsRequest TONE =
      StreamLevelsRequest.newBuilder().setDeviceId("tone").build();
  private static final StreamLevelsRequest MIC =
      StreamLevelsRequest.newBuilder().setDeviceId("mic").build();

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime().withScripted("mic").with(new LoudLeft());

  /**
   * Full scale on the first channel for 2 of 480 samples, and half of it for the others; silence on
   * the second.
   */
  private record LoudLeft() implements VirtualDevice {
    @Override
    public String name() {
      return "loud";
    }

    @Override
    public String description() {
      return "loud on the left";
    }

    @Override
    public List<SupportedFormat> formats() {
      return List.of(new SupportedFormat(SampleEncoding.S16LE, 48_000, 2));
    }

    @Override
    public SampleSource open(PcmFormat format) {
      return new SampleSource() {
        private int position;

        @Override
        public void read(byte[] to, int offset, int length) {
          for (int at = offset; at < offset + length; at += 4, position++) {
            double value = position % 480 == 0 ? 1 : position % 480 == 1 ? -1 : 0.5;
            format.encoding().write(value, to, at);
            format.encoding().write(0, to, at + 2);
          }
        }

        @Override
        public void close() {}
      };
    }
  }

  private TestLevels levels(StreamLevelsRequest request) {
    return new TestLevels(lavalier.channel(), request);
  }

  @Test
  void toneHasItsPeakAndRms() throws Exception {
    TestLevels call = levels(TONE).requestAll();
    StreamStarted started = call.nextStarted();
    assertThat(started.getDeviceId()).isEqualTo("tone");
    assertThat(started.getFrameSize()).isEqualTo(4_800);
    lavalier.advance(Duration.ofMillis(300), 1);
    for (int k = 0; k < 3; k++) {
      AudioLevels levels = call.nextLevels();
      assertThat(levels.getEpoch()).isEqualTo(started.getEpoch());
      assertThat(levels.getSampleIndex()).isEqualTo(4_800L * k);
      assertThat(levels.getSampleCount()).isEqualTo(4_800);
      assertThat(levels.getLostSampleCount()).isZero();
      assertThat(levels.hasGap()).isFalse();
      assertThat(levels.getCaptureTimeUnixNanos())
          .isEqualTo(started.getEpoch() * 1_000 + k * 100_000_000L);
      assertThat(levels.getChannelsList())
          .hasSize(2)
          .allSatisfy(
              channel -> {
                assertThat(channel.getPeak()).isCloseTo(ToneDevice.PEAK, within(1e-4));
                assertThat(channel.getRms())
                    .isCloseTo(ToneDevice.PEAK / Math.sqrt(2), within(1e-4));
                assertThat(channel.getClippedCount()).isZero();
              });
    }
    call.cancel();
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
  }

  @Test
  void clippedValuesAreCountedAndSilenceIsZero() throws Exception {
    TestLevels call = levels(TONE.toBuilder().setDeviceId("loud").build()).requestAll();
    call.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);
    AudioLevels levels = call.nextLevels();
    ChannelLevel left = levels.getChannels(0);
    assertThat(left.getPeak()).isEqualTo(1);
    assertThat(left.getRms()).isCloseTo(Math.sqrt((2 + 478 * 0.25) / 480), within(1e-6));
    assertThat(left.getClippedCount()).isEqualTo(2 * 10);
    assertThat(levels.getChannels(1)).isEqualTo(ChannelLevel.getDefaultInstance());
    call.cancel();
  }

  @Test
  void shortestAndLongestIntervalAreServed() throws Exception {
    TestLevels shortest = levels(TONE.toBuilder().setIntervalMs(20).build()).requestAll();
    TestLevels longest = levels(TONE.toBuilder().setIntervalMs(10_000).build()).requestAll();
    assertThat(shortest.nextStarted().getFrameSize()).isEqualTo(960);
    assertThat(longest.nextStarted().getFrameSize()).isEqualTo(480_000);
    lavalier.advance(Duration.ofSeconds(10), 1);
    assertThat(shortest.nextLevels(500).get(499).getSampleIndex()).isEqualTo(499L * 960);
    AudioLevels all = longest.nextLevels();
    assertThat(all.getSampleCount()).isEqualTo(480_000);
    assertThat(all.getChannels(0).getRms()).isCloseTo(ToneDevice.PEAK / Math.sqrt(2), within(1e-4));
    shortest.cancel();
    longest.cancel();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 1, 19, 10_001, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void intervalOutOfRangeIsRejected(int millis) throws Exception {
    Status status = levels(MIC.toBuilder().setIntervalMs(millis).build()).requestAll().status();
    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription())
        .isEqualTo("interval_ms: %d (expected: 20..10000, or 0 for 100)", millis);
    assertThat(lavalier.script("mic").attempts).hasValue(0);
  }

  @Test
  void unknownActionOnDeviceLossIsRejected() throws Exception {
    Status status = levels(MIC.toBuilder().setOnDeviceLossValue(7).build()).requestAll().status();
    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription())
        .isEqualTo("on_device_loss: 7 (expected: 0..2, see OnDeviceLoss)");
  }

  @Test
  void unknownDeviceIsRejected() throws Exception {
    Status status = levels(TONE.toBuilder().setDeviceId("moon").build()).requestAll().status();
    assertThat(status.getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(status.getDescription()).startsWith("device_id: moon (expected: one of ");
  }

  @Test
  void intervalsThatAreNotReadAreCountedInTheNextGap() throws Exception {
    TestLevels call = levels(TONE).request(1);
    call.nextStarted();
    lavalier.advance(Duration.ofSeconds(1), 1);
    AudioLevels levels = call.requestAll().nextLevels();
    assertThat(levels.getSampleIndex()).isEqualTo(8 * 4_800); // two intervals are kept
    assertThat(levels.getGap().getSampleCount()).isEqualTo(8 * 4_800);
    assertThat(levels.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_SLOW_SUBSCRIBER);
    assertThat(levels.getChannels(0).getPeak()).isCloseTo(ToneDevice.PEAK, within(1e-4));
    call.cancel();
  }

  @Test
  void lostSamplesAreLeftOutAndCounted() throws Exception {
    TestLevels call = levels(MIC).requestAll();
    call.nextStarted();
    lavalier.advance(Duration.ofMillis(150), 1);
    lavalier.script("mic").dropsUntil =
        lavalier.timeSource().nanoTime() + Duration.ofSeconds(1).toNanos();
    lavalier.advance(Duration.ofSeconds(3), 1);
    assertThat(call.nextLevels().getLostSampleCount()).isZero();

    long expected = 4_800;
    long measured = 4_800;
    long lost = 0;
    while (expected < 20 * 4_800) {
      AudioLevels levels = call.nextLevels();
      assertThat(levels.getSampleIndex() % 4_800).isZero();
      assertThat(levels.getSampleIndex()).isEqualTo(expected + levels.getGap().getSampleCount());
      assertThat(levels.getSampleCount() + levels.getLostSampleCount()).isEqualTo(4_800);
      assertThat(levels.getChannels(0).getPeak()).isCloseTo(ToneDevice.PEAK, within(1e-2));
      expected = levels.getSampleIndex() + 4_800;
      measured += levels.getSampleCount();
      lost += levels.getLostSampleCount() + levels.getGap().getSampleCount();
    }
    assertThat(measured + lost).isEqualTo(expected);
    assertThat(lost).isBetween(47_000L, 49_000L);
    call.cancel();
  }

  @Test
  void lossOfTheDeviceEndsTheCall() throws Exception {
    TestLevels call = levels(MIC).requestAll();
    call.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);
    call.nextLevels();
    lavalier.script("mic").readsNothing = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertThat(call.next().getNotice().getKind()).isEqualTo(NoticeKind.NOTICE_KIND_DEVICE_LOST);
    assertThat(call.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void callThatWaitsContinuesInALaterEpoch() throws Exception {
    TestLevels call =
        levels(MIC.toBuilder().setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT).build())
            .requestAll();
    long epoch = call.nextStarted().getEpoch();
    lavalier.advance(Duration.ofMillis(100), 1);
    call.nextLevels();
    lavalier.script("mic").readsNothing = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertThat(call.next().getNotice().getKind()).isEqualTo(NoticeKind.NOTICE_KIND_DEVICE_LOST);
    lavalier.script("mic").readsNothing = false;
    lavalier.advanceUntil(
        Duration.ofMillis(10),
        () -> lavalier.device("mic").getState() == DeviceState.DEVICE_STATE_OPEN);
    lavalier.advance(Duration.ofMillis(200), 1);
    StreamLevelsResponse restarted = call.next();
    assertThat(restarted.getStarted().getEpoch()).isGreaterThan(epoch);
    AudioLevels levels = call.nextLevels();
    assertThat(levels.getEpoch()).isEqualTo(restarted.getStarted().getEpoch());
    assertThat(levels.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_DEVICE_LOST);
    call.cancel();
  }

  @Test
  void callIsListedAsSubscription() throws Exception {
    TestLevels call = levels(TONE).requestAll();
    call.nextStarted();
    assertThat(lavalier.device("tone").getSubscriberCount()).isEqualTo(1);
    assertThat(lavalier.hub().subscriptions())
        .singleElement()
        .satisfies(
            subscription -> {
              assertThat(subscription.frameSize()).isEqualTo(4_800);
              assertThat(subscription.codec()).isInstanceOf(LevelCodec.class);
            });
    call.cancel();
    lavalier.awaitSubscribers("tone", 0);
  }
}
