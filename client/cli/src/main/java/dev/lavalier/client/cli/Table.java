package dev.lavalier.client.cli;

import java.io.PrintStream;
import java.util.List;

/** Prints rows under headings; each column except the last is as wide as its longest value. */
final class Table {

  private final String[] headings;

  Table(String... headings) {
    this.headings = headings;
  }

  void print(List<String[]> rows, PrintStream out) {
    StringBuilder layout = new StringBuilder();
    for (int column = 0; column < headings.length - 1; column++) {
      int width = headings[column].length();
      for (String[] row : rows) {
        width = Math.max(width, row[column].length());
      }
      layout.append("%-").append(Math.max(1, width)).append("s  ");
    }
    String format = layout.append("%s%n").toString();
    out.printf(format, (Object[]) headings);
    for (String[] row : rows) {
      out.printf(format, (Object[]) row);
    }
  }
}
