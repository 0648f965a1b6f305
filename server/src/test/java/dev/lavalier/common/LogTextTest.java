package dev.lavalier.common;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Text from outside the server cannot change the log line that contains it. */
final class LogTextTest {

  private static final String MICROPHONE = Character.toString(0x1f3a4);

  @ParameterizedTest
  @ValueSource(
      ints = {
        0,
        '\t',
        '\n',
        '\r',
        0x1b,
        0x7f, // C0 and DEL
        0x80,
        0x85,
        0x9b,
        0x9f, // C1: of these, NEL ends a line, and CSI starts a terminal command
        0x2028,
        0x2029, // line and paragraph separators
        0x061c,
        0x200e,
        0x200f,
        0x202a,
        0x202e,
        0x2066,
        0x2069, // control characters for text direction
        0xad,
        0x200b,
        0x200d,
        0x2060,
        0xfeff,
        0xe0041, // characters of zero width
        0xd83d,
        0xde00, // unpaired surrogates
        0xe000,
        0xf0000,
        0x378,
        0xffff // private use, unassigned and noncharacters
      })
  void invisibleCharacterIsReplaced(int character) {
    String text = "a" + (character > 0xffff ? Character.toString(character) : (char) character);
    assertThat(LogText.sanitize(text + "b")).isEqualTo("a?b");
    assertThat(LogText.sanitizeAndTruncate(text + "b")).isEqualTo("a?b");
    assertThat(LogText.quote(text + "b")).matches("\"a(\\\\u[0-9a-f]{4}){1,2}b\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "USB Mic (Acme),0", "Grüße", "麦克风", "a\u00a0b", "e\u0301", "\"\\"})
  void visibleTextIsKept(String text) {
    assertThat(LogText.sanitize(text)).isSameAs(text);
    assertThat(LogText.sanitizeAndTruncate(text + MICROPHONE)).isEqualTo(text + MICROPHONE);
  }

  @Test
  void longTextIsCutBetweenCharacters() {
    String longest = MICROPHONE.repeat(LogText.MAX_LENGTH);
    assertThat(LogText.sanitizeAndTruncate(longest)).isEqualTo(longest);
    assertThat(LogText.sanitizeAndTruncate(longest + "x")).isEqualTo(longest + "…");
    assertThat(LogText.sanitizeAndTruncate("x".repeat(1_000_000)))
        .isEqualTo("x".repeat(LogText.MAX_LENGTH) + "…");
    assertThat(LogText.sanitizeAndTruncate("abc", 2)).isEqualTo("ab…");
    assertThat(LogText.truncate("a\nb", 2)).isEqualTo("a\n…");
  }

  @Test
  void messageForCallerIsOneLineOfBoundedLength() {
    StreamException.Reason reason = StreamException.Reason.INVALID_REQUEST;
    assertThat(new StreamException(reason, "a\r\n\u001b\u0085\u2028\u202eb"))
        .hasMessage("a??????b");
    assertThat(new StreamException(reason, MICROPHONE.repeat(100_000)))
        .hasMessage(MICROPHONE.repeat(StreamException.MAX_MESSAGE) + "…");
  }

  @Test
  void lineOfJsonIsEscaped() {
    assertThat(LogText.escapeNonAscii("{\"a\\n\":1}\n")).isEqualTo("{\"a\\n\":1}\n");
    assertThat(LogText.escapeNonAscii("{\"\u0085\u202e\ud83c\udfa4\ue000\"}\n"))
        .isEqualTo("{\"\\u0085\\u202e" + MICROPHONE + "\\ue000\"}\n");
  }

  @Test
  void quotedTextCannotEndItsQuotes() {
    assertThat(LogText.quote("")).isEqualTo("\"\"");
    assertThat(LogText.quote("a \"b\" \\")).isEqualTo("\"a \\\"b\\\" \\\\\"");
    assertThat(LogText.quote("a\u00a0b\u3000c")).isEqualTo("\"a\\u00a0b\\u3000c\"");
    assertThat(LogText.quote(MICROPHONE)).isEqualTo("\"" + MICROPHONE + "\"");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, '\t', '\n', '\r', 0x7f, 0x85, 0x2028, 0x2029})
  void textWithControlCharacterIsNotOneLine(int character) {
    assertThat(LogText.isOneLine("a" + (char) character + "b")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "CN=Ann", "a\u200cb", "a\u00a0b"})
  void textWithoutControlCharactersIsOneLine(String text) {
    assertThat(LogText.isOneLine(text)).isTrue();
  }
}
