package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StreamOptionsTest {

  private static final StreamOptions DEFAULTS = StreamOptions.defaults();

  @ParameterizedTest
  @ValueSource(strings = {"PT0.0005S", "PT0.000999999S", "PT-1S"})
  void latencyThatWouldBecomeTheDefaultIsRejected(Duration latency) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DEFAULTS.withMaxLatency(latency))
        .withMessage(
            "max_latency: %s (expected: zero for the default, or 1 ms or more)".formatted(latency));
  }

  /** The server rejects the largest number, and names what it accepts. */
  @Test
  void veryLongDurationsAreSentAsTheLargestNumber() {
    Duration forever = ChronoUnit.FOREVER.getDuration();
    var request = ProtoMapper.request(DEFAULTS.withMaxLatency(forever).withPreroll(forever));
    assertThat(request.getMaxLatencyMs()).isEqualTo(Integer.MAX_VALUE);
    assertThat(request.getPrerollMs()).isEqualTo(Integer.MAX_VALUE);
    assertThat(ProtoMapper.request(DEFAULTS.withPreroll(forever.negated())).getPrerollMs())
        .isNegative();
    assertThat(
            ProtoMapper.request(DEFAULTS.withMaxLatency(Duration.ofNanos(1_999_999)))
                .getMaxLatencyMs())
        .isEqualTo(1);
  }

  @Test
  void nullIsRejectedAtOnceAndNamed() {
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> DEFAULTS.withDeviceId(null),
            () -> DEFAULTS.withMaxLatency(null),
            () -> DEFAULTS.withOverflowPolicy(null),
            () -> DEFAULTS.withOnDeviceLoss(null),
            () -> DEFAULTS.withFormat(null),
            () -> DEFAULTS.withChannelMap(null),
            () -> DEFAULTS.withPreroll(null),
            () -> DEFAULTS.withReconnect(null),
            () -> new PcmFormat(null, 48_000, 2))) {
      assertThatNullPointerException()
          .isThrownBy(call)
          .satisfies(e -> assertThat(e.getMessage()).matches("[a-zA-Z]+"));
    }
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
