package dev.lavalier.observe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests names from outside the server as values of an audit line. */
final class AuditLineTest {

  private static String line(Object value) {
    return new AuditLine("event").with("key", value).with("next", 1).text();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.7:4711, 10.0.0.7:4711",
    "[::1]:4711, [::1]:4711",
    "48000/2/s16le, 48000/2/s16le",
    "USB Mic, '\"USB Mic\"'",
    "'', '\"\"'",
    "a=b, '\"a=b\"'",
    "'CN=Ann,O=\"Radio\"', '\"CN=Ann,O=\\\"Radio\\\"\"'",
    "back\\slash, '\"back\\\\slash\"'",
    "Grüße, '\"Grüße\"'",
  })
  void plainValueIsBareAndOthersAreQuoted(String value, String shown) {
    assertThat(line(value)).isEqualTo("event key=" + shown + " next=1");
  }

  @Test
  void valueCannotEndItsLineOrItsQuotes() {
    assertThat(line("mic\r\nmicrophone off device=mic"))
        .isEqualTo("event key=\"mic\\u000d\\u000amicrophone off device=mic\" next=1");
    assertThat(line("mic\" who=\"admin")).isEqualTo("event key=\"mic\\\" who=\\\"admin\" next=1");
  }

  /** Terminal controls, other line separators, and controls of the text direction. */
  @ParameterizedTest
  @CsvSource({
    "27, \\u001b", "155, \\u009b", "133, \\u0085", "8232, \\u2028", "8233, \\u2029",
    "8238, \\u202e", "8203, \\u200b", "160, \\u00a0", "55357, \\ud83d", "57344, \\ue000",
  })
  void controlCharacterIsEscaped(int character, String escaped) {
    assertThat(line("a" + (char) character + "b"))
        .isEqualTo("event key=\"a" + escaped + "b\" next=1");
  }

  @Test
  void longValueIsCut() {
    assertThat(line("x".repeat(100_000))).hasSizeLessThan(AuditLine.MAX_VALUE + 40).contains("…");
    assertThat(line("🎤".repeat(AuditLine.MAX_VALUE))).doesNotContain("…").doesNotContain("\\u");
  }
}
