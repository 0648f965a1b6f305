package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SegmentNamesTest {

  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

  private static String name(String pattern, ZoneId zone, String time) {
    Instant at = Instant.parse(time);
    long nanos = TimeUnit.SECONDS.toNanos(at.getEpochSecond()) + at.getNano();
    return SegmentNames.parse(pattern, zone).at(nanos).toString();
  }

  @ParameterizedTest
  @CsvSource({
    "mic-%Y%m%dT%H%M%S.wav, mic-20260307T060508.wav",
    "%F/%y-%j.wav, 2026-03-07/26-066.wav",
    "%s.%f, 1772859908.012345",
    "%z, +0100",
    "100%%-%S%%, 100%-08%",
    "Tür [b] {c} #%S, Tür [b] {c} #08"
  })
  void conversionsAreReplaced(String pattern, String expected) {
    assertThat(name(pattern, BERLIN, "2026-03-07T05:05:08.012345678Z")).isEqualTo(expected);
  }

  @Test
  void hourIsThatOfTimeZoneAlsoWhenClocksChange() {
    String pattern = "%Y%m%dT%H%M%S";
    assertThat(name(pattern, BERLIN, "2026-10-25T00:30:00Z")).isEqualTo("20261025T023000");
    assertThat(name(pattern, BERLIN, "2026-10-25T01:30:00Z")).isEqualTo("20261025T023000");
    assertThat(name(pattern + "%z", BERLIN, "2026-10-25T00:30:00Z")).endsWith("+0200");
    assertThat(name(pattern + "%z", BERLIN, "2026-10-25T01:30:00Z")).endsWith("+0100");
    assertThat(name(pattern + "%z", ZoneOffset.UTC, "2026-10-25T01:30:00Z"))
        .isEqualTo("20261025T013000+0000");
  }

  @Test
  void timeBefore1970HasName() {
    assertThat(name("%F %H%M%S.%f", ZoneOffset.UTC, "1969-12-31T23:59:59.999999Z"))
        .isEqualTo("1969-12-31 235959.999999");
  }

  @ParameterizedTest
  @ValueSource(strings = {"%Q", "%é", "% ", "%-", "%3N", "%"})
  void unknownConversionIsNamed(String conversion) {
    String pattern = "mic-%S" + conversion;
    String found = conversion.substring(0, Math.min(2, conversion.length()));
    assertThatThrownBy(() -> SegmentNames.parse(pattern, ZoneOffset.UTC))
        .isInstanceOf(UsageException.class)
        .hasMessageStartingWith("file: " + pattern + " (expected: ")
        .hasMessageEndingWith("; found: " + found + ")");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-", "take.wav", "/dev/stdout", "100%%.wav"})
  void nameWithoutTimeIsRefused(String pattern) {
    assertThatThrownBy(() -> SegmentNames.parse(pattern, ZoneOffset.UTC))
        .isInstanceOf(UsageException.class)
        .hasMessage(
            "file: %s (expected: with --segment, the name of a file with the capture time, such as"
                    .formatted(pattern)
                + " mic-%Y%m%dT%H%M%S.wav)");
  }

  @ParameterizedTest
  @CsvSource({
    "mic.wav, mic-2.wav",
    "a.b/mic, a.b/mic-2",
    "a/mic.tar.wav, a/mic.tar-2.wav",
    "a/.wav, a/.wav-2"
  })
  void numberPrecedesExtension(String path, String expected) {
    assertThat(SegmentNames.numbered(Path.of(path), 2)).hasToString(expected);
  }
}
