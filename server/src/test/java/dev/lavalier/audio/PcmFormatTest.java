package dev.lavalier.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PcmFormatTest {

  @ParameterizedTest
  @ValueSource(strings = {"48000/2/s16le", "16000/1/f32le", "384000/64/s24le", "1000/1/s32le"})
  void parsedFormatPrintsSameText(String text) {
    assertThat(PcmFormat.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "48000", "48000/2", "48000/2/mp3", "x/2/s16le", "48000/2/s16le/1"})
  void invalidTextIsRejectedWithExpectedForm(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PcmFormat.parse(text))
        .withMessageStartingWith(
            "format: " + text + " (expected: RATE/CHANNELS/ENCODING, as 48000/2/s16le;");
  }

  @Test
  void valuesOutOfRangeAreRejected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PcmFormat.parse("999/2/s16le"))
        .withMessage("sample_rate_hz: 999 (expected: 1000..384000)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PcmFormat.parse("48000/65/s16le"))
        .withMessage("channel_count: 65 (expected: 1..64)");
  }

  @Test
  void countsTheBytesOfASample() {
    assertThat(PcmFormat.parse("48000/2/s16le").bytesPerSampleFrame()).isEqualTo(4);
    assertThat(PcmFormat.parse("48000/3/s24le").bytesPerSampleFrame()).isEqualTo(9);
    assertThat(PcmFormat.parse("48000/1/f32le").bytesPerSampleFrame()).isEqualTo(4);
  }

  @Test
  void convertsSamplesAndTimeWithoutOverflow() {
    PcmFormat format = PcmFormat.parse("44100/1/s16le");
    assertThat(format.nanosOf(441)).isEqualTo(10_000_000);
    assertThat(format.samplesIn(10_000_000)).isEqualTo(441);
    assertThat(format.samplesIn(9_999_999)).isEqualTo(440);
    long tenYears = 44_100L * 86_400 * 3_650;
    assertThat(format.nanosOf(tenYears)).isEqualTo(86_400L * 3_650 * 1_000_000_000);
    assertThat(format.samplesIn(format.nanosOf(tenYears))).isEqualTo(tenYears);
  }
}
