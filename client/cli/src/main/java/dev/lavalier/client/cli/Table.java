package dev.lavalier.client.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * Formats rows under headings; each column except the last is as wide as its widest value. The
 * values can be text from a server.
 */
final class Table {

  private static final String SEPARATOR = "  ";

  private final String[] headings;

  Table(String... headings) {
    this.headings = headings;
  }

  /** Returns the lines, each with a line end. */
  String format(List<String[]> rows) {
    List<String[]> lines = new ArrayList<>();
    lines.add(headings);
    int[] widths = new int[headings.length];
    rows.forEach(row -> lines.add(printable(row)));
    for (String[] line : lines) {
      for (int column = 0; column < widths.length; column++) {
        widths[column] = Math.max(widths[column], Math.max(1, Printable.width(line[column])));
      }
    }
    StringBuilder text = new StringBuilder();
    for (String[] line : lines) {
      for (int column = 0; column < widths.length - 1; column++) {
        text.append(line[column])
            .append(" ".repeat(widths[column] - Printable.width(line[column])))
            .append(SEPARATOR);
      }
      text.append(line[widths.length - 1]).append(System.lineSeparator());
    }
    return text.toString();
  }

  /** Returns one row without aligned columns. */
  static String line(String... row) {
    return String.join(SEPARATOR, printable(row)).strip();
  }

  private static String[] printable(String[] row) {
    String[] cells = new String[row.length];
    for (int column = 0; column < row.length; column++) {
      cells[column] = Printable.of(row[column]);
    }
    return cells;
  }
}
