package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.testing.Conversions;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests delivery in formats other than the capture format, 48000/2/s16le, through the service. */
final class DeliveryFormatsTest {

  private static final int LENIENT_LATENCY_MS = 20_000;

  /** Largest error of 16-bit capture and of dithered 16-bit delivery: four quantization steps. */
  private static final double PRECISION = 4.0 / 32_768;

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime().withScripted("mic").withCaptureFormat("48000/2/s16le");

  private static StreamFramesRequest request(String device, PcmFormat format, int frameSize) {
    return StreamFramesRequest.newBuilder()
        .setDeviceId(device)
        .setFormat(
            AudioFormat.newBuilder()
                .setEncoding(
                    dev.lavalier.v1.SampleEncoding.valueOf(
                        "SAMPLE_ENCODING_" + format.encoding().name()))
                .setSampleRateHz(format.sampleRateHz())
                .setChannelCount(format.channelCount()))
        .setFrameSize(frameSize)
        .setMaxLatencyMs(LENIENT_LATENCY_MS)
        .build();
  }

  private static StreamFramesRequest request(String device, String format, int frameSize) {
    return request(device, PcmFormat.parse(format), frameSize);
  }

  /** Checks that numbers equal the tone from sample {@code index} of the epoch on. */
  private static void assertTone(double[] numbers, PcmFormat format, long index) {
    double worst = 0;
    for (int i = 0; i < numbers.length; i++) {
      long n = index + i / format.channelCount();
      double tone = Math.pow(10, -0.6) * Math.sin(2 * Math.PI * 440 * n / format.sampleRateHz());
      worst = Math.max(worst, Math.abs(numbers[i] - tone));
    }
    assertThat(worst).as("%s, from sample %d", format, index).isLessThan(PRECISION);
  }

  @ParameterizedTest
  @EnumSource(SampleEncoding.class)
  void everyFormatDeliversToneAtItsCaptureTime(SampleEncoding encoding) throws Exception {
    Map<PcmFormat, TestSubscriber> subscribers = new LinkedHashMap<>();
    for (int rate : Conversion.RATES_HZ) {
      for (int channels = 1; channels <= 2; channels++) {
        PcmFormat format = new PcmFormat(encoding, rate, channels);
        subscribers.put(
            format, lavalier.subscribe(request("tone", format, rate / 50)).requestAll());
      }
    }
    Map<PcmFormat, StreamStarted> starts = new LinkedHashMap<>();
    for (var each : subscribers.entrySet()) {
      starts.put(each.getKey(), each.getValue().nextStarted());
    }
    lavalier.advance(Duration.ofSeconds(1), 1);

    for (var each : subscribers.entrySet()) {
      PcmFormat format = each.getKey();
      StreamStarted started = starts.get(format);
      assertThat(started.getFormat()).isEqualTo(request("tone", format, 0).getFormat());
      assertThat(started.getCaptureFormat().getSampleRateHz()).isEqualTo(48_000);
      assertThat(started.hasConversion()).isEqualTo(!format.toString().equals("48000/2/s16le"));
      assertThat(started.getConversion().getResampled()).isEqualTo(format.sampleRateHz() != 48_000);
      // The filter at 8 kHz needs 8 ms of lookahead: one frame of the second is still missing.
      int size = format.sampleRateHz() / 50;
      ByteArrayOutputStream pcm = new ByteArrayOutputStream();
      for (int k = 0; k < 49; k++) {
        AudioFrame frame = each.getValue().nextFrame();
        assertThat(frame.getSampleIndex()).isEqualTo((long) k * size);
        assertThat(frame.getPcm().size()).isEqualTo(size * format.bytesPerSampleFrame());
        assertThat(frame.hasGap()).isFalse();
        assertThat(frame.getCaptureTimeUnixNanos())
            .isCloseTo(started.getEpoch() * 1_000 + format.nanosOf((long) k * size), within(2L));
        long behind = started.getConversion().getLookaheadMicros();
        assertThat((long) frame.getReadDelayMicros())
            .isBetween(format.nanosOf(size) / 1_000 + behind - 1, 30_000L + behind);
        frame.getPcm().writeTo(pcm);
      }
      // Before the epoch there is silence, and the filter rings at the start of the tone.
      double[] numbers = Conversions.numbers(format, pcm.toByteArray());
      int settled = format.sampleRateHz() / 20;
      double[] steady =
          Arrays.copyOfRange(numbers, settled * format.channelCount(), numbers.length);
      assertTone(steady, format, settled);
    }
  }

  @Test
  void startedDescribesConversion() throws Exception {
    TestSubscriber subscriber =
        lavalier
            .subscribe(
                StreamFramesRequest.newBuilder()
                    .setDeviceId("tone")
                    .setFormat(AudioFormat.newBuilder().setSampleRateHz(16_000))
                    .addChannelMap(2)
                    .addChannelMap(0)
                    .addChannelMap(2)
                    .build())
            .requestAll();
    StreamStarted started = subscriber.nextStarted();
    assertThat(started.getFormat().getChannelCount()).isEqualTo(3);
    assertThat(started.getFormat().getEncodingValue()).isEqualTo(1);
    assertThat(started.getFrameSize()).isEqualTo(320);
    assertThat(started.getConversion().getChannelMapList()).containsExactly(2, 0, 2);
    assertThat(started.getConversion().getResampled()).isTrue();
    assertThat(started.getConversion().getDithered()).isTrue();
    assertThat(started.getConversion().getLookaheadMicros()).isEqualTo(4_000);
  }

  @Test
  void laterSubscriberReceivesSameFrames() throws Exception {
    StreamFramesRequest request = request("tone", "44100/1/s16le", 441);
    TestSubscriber first = lavalier.subscribe(request("tone", "48000/2/s16le", 480)).requestAll();
    first.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);
    // No subscriber has used this format: its conversion starts in the middle of the epoch.
    TestSubscriber second = lavalier.subscribe(request).requestAll();
    second.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);
    TestSubscriber third = lavalier.subscribe(request).requestAll();
    third.nextStarted();
    lavalier.advance(Duration.ofMillis(200), 1);

    AudioFrame begun = second.nextFrame();
    assertThat(begun.getSampleIndex()).isEqualTo(11 * 441); // the first complete frame
    assertThat(begun.hasGap()).isFalse();
    PcmFormat format = PcmFormat.parse("44100/1/s16le");
    assertTone(
        Conversions.numbers(format, begun.getPcm().toByteArray()), format, begun.getSampleIndex());
    AudioFrame joined = third.nextFrame();
    AudioFrame same = begun;
    while (same.getSampleIndex() < joined.getSampleIndex()) {
      same = second.nextFrame();
      assertThat(same.hasGap()).isFalse();
    }
    for (int k = 0; k < 10; k++) {
      assertThat(joined).isEqualTo(same);
      joined = third.nextFrame();
      same = second.nextFrame();
    }
  }

  @Test
  void lossOfDeviceIsGapOnDeliveredGrid() throws Exception {
    Map<String, TestSubscriber> subscribers = new TreeMap<>();
    for (String format : List.of("48000/2/s16le", "16000/1/s16le", "44100/1/f32le")) {
      int size = PcmFormat.parse(format).sampleRateHz() / 100;
      subscribers.put(format, lavalier.subscribe(request("mic", format, size)).requestAll());
      subscribers.get(format).nextStarted();
    }
    lavalier.advance(Duration.ofSeconds(2), 1);
    lavalier.script("mic").dropsUntil = lavalier.timeSource().nanoTime() + 700_000_000L;
    lavalier.advance(Duration.ofSeconds(4), 1);

    for (var each : subscribers.entrySet()) {
      int rate = PcmFormat.parse(each.getKey()).sampleRateHz();
      int size = rate / 100;
      long next = 0;
      long missing = 0;
      long samples = 0;
      long time = 0;
      while (next + 3L * size < 6L * rate) {
        AudioFrame frame = each.getValue().nextFrame();
        missing += frame.getGap().getSampleCount();
        if (frame.hasGap()) {
          assertThat(frame.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_DEVICE_OVERRUN);
          assertThat(frame.getGap().getEstimated()).isTrue();
        }
        samples += size;
        assertThat(frame.getSampleIndex()).isEqualTo(next + frame.getGap().getSampleCount());
        long elapsed = frame.getCaptureTimeUnixNanos() - time;
        if (next > 0) {
          long byIndex = 10_000_000L * (frame.getSampleIndex() - next + size) / size;
          assertThat(elapsed).isCloseTo(byIndex, within(frame.hasGap() ? 20_000_000L : 100_000L));
        }
        time = frame.getCaptureTimeUnixNanos();
        next = frame.getSampleIndex() + size;
      }
      assertThat(samples + missing).as(each.getKey()).isEqualTo(next);
      // 700 ms, the reach of the filter on either side, and the rest of the cut frames.
      assertThat(missing).as(each.getKey()).isBetween(69L * size, 74L * size);
    }
  }

  @Test
  void deviceThatReturnsInAnotherFormatIsConverted() throws Exception {
    lavalier.script("mic").listsOnly = "48000/2/s16le";
    StreamFramesRequest request =
        request("mic", "16000/1/s16le", 160).toBuilder()
            .setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT)
            .build();
    TestSubscriber subscriber = lavalier.subscribe(request).requestAll();
    StreamStarted first = subscriber.nextStarted();
    TestSubscriber swapping =
        lavalier
            .subscribe(
                StreamFramesRequest.newBuilder()
                    .setDeviceId("mic")
                    .setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT)
                    .addChannelMap(2)
                    .addChannelMap(1)
                    .build())
            .requestAll();
    swapping.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);

    lavalier.script("mic").readsNothing = true;
    lavalier.script("mic").unplug();
    lavalier.timeSource().advance(Duration.ofMillis(10));
    StreamFramesResponse message = subscriber.next();
    while (!message.hasNotice()) {
      message = subscriber.next();
    }
    lavalier.script("mic").readsNothing = false;
    lavalier.script("mic").listsOnly = "44100/1/s24le";
    lavalier.script("mic").plug();
    lavalier.advanceUntil(
        Duration.ofMillis(10),
        () -> lavalier.device("mic").getState() == DeviceState.DEVICE_STATE_OPEN);
    StreamStarted second = subscriber.nextStarted();
    assertThat(second.getFormat()).isEqualTo(first.getFormat());
    assertThat(second.getCaptureFormat().getSampleRateHz()).isEqualTo(44_100);
    assertThat(second.getConversion().getResampled()).isTrue();
    lavalier.advance(Duration.ofMillis(100), 1);
    AudioFrame back = subscriber.nextFrame();
    assertThat(back.getGap().getCause()).isEqualTo(GapCause.GAP_CAUSE_DEVICE_LOST);
    assertThat(back.getPcm().size()).isEqualTo(320);
    // The second channel no longer exists.
    Status status = swapping.awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(status.getDescription())
        .isEqualTo(
            "channel_map: 2 (expected: 1..1 for a captured channel, or 0 for the mean of all)");
  }
}
