package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

final class DurationConverterTest {

  @ParameterizedTest
  @CsvSource({
    "5,5000000000,5000000",
    "0.25,250000000,250000",
    ".5,500000000,500000",
    "5.,5000000000,5000000",
    "0,0,0",
    "5s,5000000000,5000000000",
    "250ms,250000000,250000000",
    "1.5m,90000000000,90000000000",
    "2h,7200000000000,7200000000000",
    "0.0000000019s,1,1"
  })
  void numberHasUnitOfOptionUnlessItNamesOne(String text, long asSeconds, long asMillis) {
    assertThat(new DurationConverter.Seconds().convert(text))
        .isEqualTo(Duration.ofNanos(asSeconds));
    assertThat(new DurationConverter.Millis().convert(text)).isEqualTo(Duration.ofNanos(asMillis));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "s", "-1", "+1", "1d", "1 s", "NaN", "1e3", "1000000001", ".", "\u0665"})
  void otherTextIsRejected(String text) {
    assertThatThrownBy(() -> new DurationConverter.Seconds().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessage(
            text + " (expected: a time, as 5s, 250ms or 2m; the unit is s if there is none)");
  }
}
