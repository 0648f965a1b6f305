package dev.lavalier.audio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.SlowTest;
import dev.lavalier.testing.Sweep;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checks the quality that docs/user/formats.md promises for every pair of rates. */
final class ResamplingTest {

  /** Down by a whole number, up by a ratio of large numbers, and down by one. */
  @ParameterizedTest
  @CsvSource({"48000, 16000", "44100, 48000", "96000, 44100"})
  void usualRatesMeetPromisedQuality(int from, int to) throws Exception {
    SoftAssertions all = new SoftAssertions();
    check(all, from, to);
    all.assertAll();
  }

  @Test
  @SlowTest
  void everyPairOfRatesMeetsPromisedQuality() throws Exception {
    SoftAssertions all = new SoftAssertions();
    int pairs = 0;
    for (int from : Conversion.RATES_HZ) {
      for (int to : Conversion.RATES_HZ) {
        if (from != to) {
          check(all, from, to);
          pairs++;
        }
      }
    }
    assertThat(pairs).isEqualTo(90);
    all.assertAll();
  }

  private static void check(SoftAssertions all, int from, int to) throws Exception {
    Sweep sweep = new Sweep(from, to);
    Sweep.Summary summary = sweep.summary(sweep.sweep(9));
    String pair = from + " to " + to;
    all.assertThat(summary.rejectionDb()).as(pair).isGreaterThan(90);
    all.assertThat(summary.rippleDb()).as(pair).isLessThan(0.1);
    all.assertThat(summary.maxDelayNanos()).as(pair).isLessThan(1);
  }
}
