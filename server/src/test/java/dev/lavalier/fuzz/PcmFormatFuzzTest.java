package dev.lavalier.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lavalier.audio.PcmFormat;

/**
 * Parses any text as a format: it is valid and survives a round trip, or is rejected in one line.
 */
final class PcmFormatFuzzTest {

  @FuzzTest(maxDuration = "5s")
  void parse(FuzzedDataProvider data) {
    PcmFormat format;
    try {
      format = PcmFormat.parse(data.consumeRemainingAsString());
    } catch (IllegalArgumentException e) {
      OneLine.check(e.getMessage());
      return;
    }
    assertThat(PcmFormat.parse(format.toString())).isEqualTo(format);
  }
}
