package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class PrintableTest {

  @Test
  void ordinaryTextStays() {
    String text = "Küche 🎤 台所 Ω, \\ \"";
    assertThat(Printable.of(text)).isEqualTo(text);
  }

  @Test
  void controlAndFormatCharactersAreEscaped() {
    assertThat(Printable.of("a\u001b[31m\u0007\n\r\t\u007f\u009b"))
        .isEqualTo("a\\u001b[31m\\u0007\\u000a\\u000d\\u0009\\u007f\\u009b");
    assertThat(Printable.of("\u2028\u202e\u2066\u200f\ufeff\ud800"))
        .isEqualTo("\\u2028\\u202e\\u2066\\u200f\\ufeff\\ud800");
    assertThat(Printable.of(new String(Character.toChars(0xE0041)))).isEqualTo("\\U000e0041");
  }

  @Test
  void widthCountsColumns() {
    assertThat(Printable.width("tone")).isEqualTo(4);
    assertThat(Printable.width("Küche")).isEqualTo(5);
    assertThat(Printable.width("Ku\u0308che")).isEqualTo(5); // a combining diaeresis
    assertThat(Printable.width("台所")).isEqualTo(4);
    assertThat(Printable.width("한글ｱＡ。")).isEqualTo(9);
    assertThat(Printable.width("🎤")).isEqualTo(2);
  }

  @Test
  void cutKeepsWholeCharacters() {
    assertThat(Printable.cut("台所 mic", 3)).isEqualTo("台");
    assertThat(Printable.cut("🎤x", 1)).isEmpty();
    assertThat(Printable.cut("mic", 80)).isEqualTo("mic");
  }
}
