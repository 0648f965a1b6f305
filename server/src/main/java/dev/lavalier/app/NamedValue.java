package dev.lavalier.app;

/**
 * A value of the form NAME=VALUE. In the name, {@code \=} stands for an equals sign and {@code \\}
 * for a backslash, because device ids can contain both. Immutable.
 *
 * @param name the name, not empty
 * @param value the value, taken as it is
 */
record NamedValue(String name, String value) {

  /**
   * Parses a value.
   *
   * @param key the key of the option, for the message
   * @param form the form of the option's values, for the message
   * @throws IllegalArgumentException if the text does not have the form; its message is one line
   *     for the user
   */
  static NamedValue parse(String key, String form, String text) {
    StringBuilder name = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '=' && !name.isEmpty()) {
        return new NamedValue(name.toString(), text.substring(i + 1));
      } else if (c == '=') {
        break;
      } else if (c == '\\' && i + 1 < text.length() && "=\\".indexOf(text.charAt(i + 1)) >= 0) {
        name.append(text.charAt(++i));
      } else {
        name.append(c);
      }
    }
    throw new IllegalArgumentException("%s: %s (expected: %s)".formatted(key, text, form));
  }

  /** Returns the text that {@link #parse} reads as this name and value. */
  static String format(String name, String value) {
    return name.replace("\\", "\\\\").replace("=", "\\=") + "=" + value;
  }
}
