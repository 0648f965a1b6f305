package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.SineMeter;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.OverflowPolicy;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the promises to a subscriber, with the tone and in manual time. */
final class StreamFramesTest {

  private static final AudioFormat CAPTURED =
      AudioFormat.newBuilder()
          .setEncoding(SampleEncoding.SAMPLE_ENCODING_S16LE)
          .setSampleRateHz(48_000)
          .setChannelCount(2)
          .build();

  /** Manual time advances faster than messages are read, so this queue holds all of them. */
  private static StreamFramesRequest withLenientLatency(int frameSize) {
    return StreamFramesRequest.newBuilder().setFrameSize(frameSize).setMaxLatencyMs(30_000).build();
  }

  @RegisterExtension final LavalierExtension lavalier = LavalierExtension.withManualTime();

  @Test
  void emptyRequestGetsFramesOf20MillisecondsOfDefaultDevice() throws Exception {
    TestSubscriber subscriber =
        lavalier.subscribe(StreamFramesRequest.getDefaultInstance()).requestAll();

    StreamStarted started = subscriber.nextStarted();
    assertThat(started.getDeviceId()).isEqualTo("tone");
    assertThat(started.getFormat()).isEqualTo(CAPTURED);
    assertThat(started.getCaptureFormat()).isEqualTo(CAPTURED);
    assertThat(started.getFrameSize()).isEqualTo(960);
    assertThat(started.getMaxLatencyMs()).isEqualTo(200);
    assertThat(started.getOverflowPolicy()).isEqualTo(OverflowPolicy.OVERFLOW_POLICY_DROP_OLDEST);
    assertThat(started.getEpoch()).isEqualTo(lavalier.timeSource().unixNanos() / 1_000);

    lavalier.advance(Duration.ofMillis(100), 1);
    List<AudioFrame> frames = subscriber.nextFrames(5);
    for (int k = 0; k < 5; k++) {
      AudioFrame frame = frames.get(k);
      assertThat(frame.getSampleIndex()).isEqualTo(960L * k);
      assertThat(frame.getPcm().size()).isEqualTo(960 * 4);
      assertThat(frame.hasGap()).isFalse();
      assertThat(frame.getCaptureTimeUnixNanos())
          .isEqualTo(started.getEpoch() * 1_000 + k * 20_000_000L);
    }
    assertThat(subscriber.received()).isEqualTo(6);
  }

  @Test
  void framesContainAllSamplesOfDevice() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(withLenientLatency(441)).requestAll();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofSeconds(2), 1);

    ByteArrayOutputStream pcm = new ByteArrayOutputStream();
    for (AudioFrame frame : subscriber.nextFrames(96_000 / 441)) {
      frame.getPcm().writeTo(pcm);
    }
    SineMeter.Reading reading =
        new SineMeter(440, 48_000).measure(SineMeter.channelOfS16(pcm.toByteArray(), 2, 1));
    assertThat(reading.frequencyHz()).isBetween(439.99, 440.01);
    assertThat(reading.maxPhaseStep()).isLessThan(0.001);
  }

  @Test
  void subscribersWithDifferentFrameSizesShareOneReader() throws Exception {
    TestSubscriber first = lavalier.subscribe(withLenientLatency(960)).requestAll();
    StreamStarted started = first.nextStarted();
    lavalier.advance(Duration.ofMillis(30), 1);
    TestSubscriber second = lavalier.subscribe(withLenientLatency(100)).requestAll();
    TestSubscriber third = lavalier.subscribe(48_000).requestAll();
    assertThat(second.nextStarted().getEpoch()).isEqualTo(started.getEpoch());
    assertThat(third.nextStarted().getEpoch()).isEqualTo(started.getEpoch());
    lavalier.advance(Duration.ofSeconds(2), 1);

    assertThat(LavalierExtension.readers()).containsExactly("lavalier-reader-tone");
    assertThat(lavalier.device("tone").getSubscriberCount()).isEqualTo(3);
    assertThat(first.nextFrames(100).get(99).getSampleIndex()).isEqualTo(99 * 960);
    // The grid is that of the epoch: sample 1440 was the next one when the second subscriber
    // joined.
    assertThat(second.nextFrame().getSampleIndex()).isEqualTo(1_500);
    assertThat(second.nextFrame().getSampleIndex()).isEqualTo(1_600);
    assertThat(third.nextFrame().getSampleIndex()).isEqualTo(48_000);
  }

  @Test
  void subscribersReceiveIdenticalFrames() throws Exception {
    TestSubscriber one = lavalier.subscribe(480).requestAll();
    TestSubscriber other = lavalier.subscribe(480).requestAll();
    one.nextStarted();
    other.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);

    AudioFrame last = null;
    for (AudioFrame frame : one.nextFrames(10)) {
      last = frame;
    }
    AudioFrame same = null;
    while (same == null || same.getSampleIndex() < last.getSampleIndex()) {
      same = other.nextFrame();
    }
    assertThat(same).isEqualTo(last);
  }

  @Test
  void requestCanNameCaptureFormat() throws Exception {
    TestSubscriber subscriber =
        lavalier
            .subscribe(StreamFramesRequest.newBuilder().setFormat(CAPTURED).build())
            .requestAll();
    assertThat(subscriber.nextStarted().getFormat()).isEqualTo(CAPTURED);
  }

  @Test
  void startedReportsLimitedQueue() throws Exception {
    TestSubscriber subscriber =
        lavalier
            .subscribe(
                StreamFramesRequest.newBuilder().setFrameSize(1).setMaxLatencyMs(60_000).build())
            .requestAll();
    // 16,384 frames of one sample.
    assertThat(subscriber.nextStarted().getMaxLatencyMs()).isEqualTo(342);
  }

  @Test
  void defaultLatencyHoldsTwoLongFrames() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(48_000).requestAll();
    assertThat(subscriber.nextStarted().getMaxLatencyMs()).isEqualTo(2_000);
  }

  @Test
  void generatedStubParsesHandEncodedMessages() throws Exception {
    Iterator<StreamFramesResponse> messages =
        lavalier
            .blocking()
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .streamFrames(StreamFramesRequest.getDefaultInstance());
    assertThat(messages.next().hasStarted()).isTrue();
    lavalier.advance(Duration.ofMillis(40), 1);
    assertThat(messages.next().getFrame().getSampleIndex()).isZero();
    assertThat(messages.next().getFrame().getSampleIndex()).isEqualTo(960);
    lavalier.hub().close();
    assertThat(messages.next().hasNotice()).isTrue();
    assertThatThrownBy(messages::hasNext).hasMessageContaining("the server is stopping");
  }

  @Test
  void listReturnsDevicesAndOpensNone() {
    List<Device> devices =
        lavalier.blocking().listDevices(ListDevicesRequest.getDefaultInstance()).getDevicesList();

    assertThat(devices).hasSize(1);
    Device tone = devices.get(0);
    assertThat(tone.getDeviceId()).isEqualTo("tone");
    assertThat(tone.getIsDefault()).isTrue();
    assertThat(tone.getState()).isEqualTo(DeviceState.DEVICE_STATE_CLOSED);
    assertThat(tone.getCaptureFormat()).isEqualTo(CAPTURED);
    assertThat(tone.getSubscriberCount()).isZero();
    assertThat(tone.getFormatsList())
        .contains(
            AudioFormat.newBuilder().setEncoding(SampleEncoding.SAMPLE_ENCODING_F32LE).build());
    assertThat(LavalierExtension.readers()).isEmpty();
  }
}
