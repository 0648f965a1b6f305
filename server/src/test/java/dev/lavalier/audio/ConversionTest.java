package dev.lavalier.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ConversionTest {

  private static Conversion plan(String from, String to, Integer... map) throws StreamException {
    return Conversion.plan(PcmFormat.parse(from), PcmFormat.parse(to), List.of(map));
  }

  private static void assertRefused(
      Reason reason, String message, String from, String to, Integer... map) {
    assertThatExceptionOfType(StreamException.class)
        .isThrownBy(() -> plan(from, to, map))
        .withMessage(message)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
  }

  @Test
  void equalFormatsShareOneConversion() throws Exception {
    assertThat(plan("48000/2/s16le", "16000/2/s16le", 1, 2))
        .isEqualTo(plan("48000/2/s16le", "16000/2/s16le"));
    assertThat(plan("48000/2/s16le", "48000/1/s16le", 0))
        .isEqualTo(plan("48000/2/s16le", "48000/1/s16le"));
    assertThat(plan("48000/1/s16le", "48000/1/s16le", 0).isIdentity()).isTrue();
    assertThat(plan("48000/2/s16le", "48000/2/s16le", 2, 1).isIdentity()).isFalse();
  }

  @Test
  void ditherAppliesOnlyIfBitsAreLost() throws Exception {
    assertThat(plan("48000/2/s16le", "48000/2/s16le", 2, 1).isDithered()).isFalse();
    assertThat(plan("48000/2/s16le", "48000/1/s16le").isDithered()).isTrue();
    assertThat(plan("48000/2/s24le", "48000/2/s16le").isDithered()).isTrue();
    assertThat(plan("48000/2/s16le", "16000/2/s16le").isDithered()).isTrue();
    assertThat(plan("48000/2/s16le", "16000/1/f32le").isDithered()).isFalse();
  }

  @Test
  void lookAheadIsThatOfLowerRate() throws Exception {
    assertThat(plan("48000/2/s16le", "16000/2/s16le").lookahead()).isEqualTo(192);
    assertThat(plan("16000/2/s16le", "48000/2/s16le").lookahead()).isEqualTo(64);
    assertThat(plan("48000/2/s16le", "48000/1/f32le").lookahead()).isZero();
  }

  @Test
  void rejectionListsSupportedFormats() {
    assertRefused(
        Reason.FORMAT_NOT_AVAILABLE,
        "format.sample_rate_hz: 12345 (expected: 48000 as captured, 8000, 11025, 16000, 22050,"
            + " 24000, 32000, 44100, 88200, 96000)",
        "48000/2/s16le",
        "12345/2/s16le");
    assertRefused(
        Reason.FORMAT_NOT_AVAILABLE,
        "format.sample_rate_hz: 16000 (expected: 47981 as captured)",
        "47981/2/s16le",
        "16000/2/s16le");
    assertRefused(
        Reason.FORMAT_NOT_AVAILABLE,
        "format.channel_count: 3 (expected: 2 as captured, or 1; other numbers need a channel_map)",
        "48000/2/s16le",
        "48000/3/s16le");
    assertRefused(
        Reason.FORMAT_NOT_AVAILABLE,
        "channel_map: 3 (expected: 1..2 for a captured channel, or 0 for the mean of all)",
        "48000/2/s16le",
        "48000/2/s16le",
        1,
        3);
    assertRefused(
        Reason.INVALID_REQUEST,
        "channel_map: -1 (expected: 1..2 for a captured channel, or 0 for the mean of all)",
        "48000/2/s16le",
        "48000/1/s16le",
        -1);
    assertRefused(
        Reason.INVALID_REQUEST,
        "format.channel_count: 2 (expected: 0, or 1 as in channel_map)",
        "48000/2/s16le",
        "48000/2/s16le",
        1);
  }
}
