package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StreamOptionsTest {

  @ParameterizedTest
  @ValueSource(strings = {"PT0.0005S", "PT0.000999999S", "PT-1S"})
  void latencyThatWouldBecomeTheDefaultIsRejected(Duration latency) {
    assertRejected(
        StreamOptions.builder().maxLatency(latency),
        "maxLatency: %s (expected: zero for the default, or 1 ms or more)".formatted(latency));
  }

  private static void assertRejected(StreamOptions.Builder options, String message) {
    assertThatIllegalArgumentException().isThrownBy(options::build).withMessage(message);
  }

  @Test
  void valueThatEveryServerRejectsIsRejectedAtOnce() {
    assertRejected(
        StreamOptions.builder().frameSize(-1),
        "frameSize: -1 (expected: 0 for 20 ms, or 1 or more)");
    assertRejected(
        StreamOptions.builder().channelMap(List.of(1, -2)),
        "channelMap: [1, -2] (expected: captured channels from 1, or 0 for the mean of all)");
    assertRejected(
        StreamOptions.builder().preroll(Duration.ofSeconds(-1)),
        "preroll: PT-1S (expected: zero or more)");
    assertRejected(
        StreamOptions.builder().reconnect(Duration.ofNanos(-1)),
        "reconnect: PT-0.000000001S (expected: zero or more)");
    assertRejected(
        StreamOptions.builder().bitrate(-1),
        "bitrate: -1 (expected: 0 for the default, or 16000..192000)");
    assertRejected(
        StreamOptions.builder().openTimeout(Duration.ZERO),
        "openTimeout: PT0S (expected: 1 ms to 1 h)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> StreamOptions.builder().format("16000/s16le"))
        .withMessageStartingWith("format: 16000/s16le (expected: RATE/CHANNELS/ENCODING");
  }

  /** The server rejects the largest number, and names what it accepts. */
  @Test
  void veryLongDurationsAreSentAsTheLargestNumber() {
    Duration forever = ChronoUnit.FOREVER.getDuration();
    var request =
        ProtoMapper.request(StreamOptions.builder().maxLatency(forever).preroll(forever).build());
    assertThat(request.getMaxLatencyMs()).isEqualTo(Integer.MAX_VALUE);
    assertThat(request.getPrerollMs()).isEqualTo(Integer.MAX_VALUE);
    StreamOptions shortest =
        StreamOptions.builder().maxLatency(Duration.ofNanos(1_999_999)).build();
    assertThat(ProtoMapper.request(shortest).getMaxLatencyMs()).isEqualTo(1);
  }

  @Test
  void copyDiffersOnlyInTheChangedValue() {
    List<Integer> channels = new ArrayList<>(List.of(2, 0));
    StreamOptions options =
        StreamOptions.builder()
            .deviceId("mic")
            .frameSize(480)
            .maxLatency(Duration.ofSeconds(1))
            .overflowPolicy(OverflowPolicy.CLOSE)
            .onDeviceLoss(OnDeviceLoss.WAIT)
            .format("48000/2/f32le")
            .channelMap(channels)
            .preroll(Duration.ofSeconds(2))
            .clockNotices(true)
            .reconnect(Duration.ofSeconds(3))
            .codec(Codec.OPUS)
            .bitrate(64_000)
            .packets(true)
            .openTimeout(Duration.ofSeconds(4))
            .build();
    channels.clear();
    assertThat(options.toBuilder().build()).isEqualTo(options).hasSameHashCodeAs(options);
    assertThat(options)
        .hasToString(
            "StreamOptions[deviceId=mic, frameSize=480, maxLatency=PT1S, overflowPolicy=CLOSE,"
                + " onDeviceLoss=WAIT, format=Optional[48000/2/f32le], channelMap=[2, 0],"
                + " preroll=PT2S, clockNotices=true, reconnect=PT3S, codec=OPUS, bitrate=64000,"
                + " packets=true, openTimeout=PT4S]");
    StreamOptions other = options.toBuilder().deviceId("line").build();
    assertThat(other).isNotEqualTo(options);
    assertThat(other.toBuilder().deviceId("mic").build()).isEqualTo(options);
    assertThat(StreamOptions.builder().build()).isEqualTo(StreamOptions.defaults());
  }

  @Test
  void nullIsRejectedAtOnceAndNamed() {
    StreamOptions.Builder options = StreamOptions.builder();
    Map<String, ThrowingCallable> calls = new LinkedHashMap<>();
    calls.put("deviceId", () -> options.deviceId(null));
    calls.put("maxLatency", () -> options.maxLatency(null));
    calls.put("overflowPolicy", () -> options.overflowPolicy(null));
    calls.put("onDeviceLoss", () -> options.onDeviceLoss(null));
    calls.put("format", () -> options.format((PcmFormat) null));
    calls.put("channelMap", () -> options.channelMap(null));
    calls.put("preroll", () -> options.preroll(null));
    calls.put("reconnect", () -> options.reconnect(null));
    calls.put("openTimeout", () -> options.openTimeout(null));
    calls.put("codec", () -> options.codec(null));
    calls.put("encoding", () -> new PcmFormat(null, 48_000, 2));
    calls.forEach(
        (name, call) -> assertThatNullPointerException().isThrownBy(call).withMessage(name));
    assertThatNullPointerException()
        .isThrownBy(() -> options.format((String) null))
        .withMessage("format");
    assertThatNullPointerException()
        .isThrownBy(() -> options.channelMap(Arrays.asList(1, null)))
        .withMessage("channelMap");
  }

  @Test
  void negativeFormatIsRejected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PcmFormat(SampleEncoding.S16LE, -1, -5))
        .withMessage("format: -1/-5/s16le (expected: a rate and a channel count of 0 or more)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PcmFormat(SampleEncoding.S16LE, 48_000, -1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PcmFormat.parse("-1/1/s16le"))
        .withMessageStartingWith("format: -1/1/s16le (expected: RATE/CHANNELS/ENCODING");
    assertThat(new PcmFormat(SampleEncoding.F32LE, 0, 0)).hasToString("0/0/f32le");
  }
}
