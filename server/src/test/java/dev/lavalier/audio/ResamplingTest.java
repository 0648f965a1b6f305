package dev.lavalier.audio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.Sweep;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/** Checks the quality that docs/user/formats.md promises for every pair of rates. */
final class ResamplingTest {

  @Test
  void everyPairOfRatesMeetsPromisedQuality() throws Exception {
    SoftAssertions all = new SoftAssertions();
    int pairs = 0;
    for (int from : Conversion.RATES_HZ) {
      for (int to : Conversion.RATES_HZ) {
        if (from != to) {
          Sweep sweep = new Sweep(from, to);
          Sweep.Summary summary = sweep.summary(sweep.sweep(9));
          String pair = from + " to " + to;
          all.assertThat(summary.rejectionDb()).as(pair).isGreaterThan(90);
          all.assertThat(summary.rippleDb()).as(pair).isLessThan(0.1);
          all.assertThat(summary.maxDelayNanos()).as(pair).isLessThan(1);
          pairs++;
        }
      }
    }
    assertThat(pairs).isEqualTo(90);
    all.assertAll();
  }
}
