package dev.lavalier.client.cli;

import java.util.List;

/**
 * Formats rows under headings. Each column except the last is as wide as its widest value so far.
 * The values can be text from a server. For use by one thread.
 */
final class Table {

  private static final String SEPARATOR = "  ";

  private final String[] headings;
  private final int[] widths;

  Table(String... headings) {
    this.headings = headings;
    this.widths = new int[headings.length];
    widen(headings);
  }

  private void widen(String[] cells) {
    for (int column = 0; column < widths.length; column++) {
      widths[column] = Math.max(widths[column], Math.max(1, Printable.width(cells[column])));
    }
  }

  /** Returns the headings and the rows, each with a line end. */
  String format(List<String[]> rows) {
    List<String[]> lines = rows.stream().map(Table::printable).toList();
    lines.forEach(this::widen);
    StringBuilder text = new StringBuilder(line(headings));
    lines.forEach(cells -> text.append(line(cells)));
    return text.toString();
  }

  /** Returns a further row with its line end, in the columns of the rows before. */
  String row(String... cells) {
    String[] printable = printable(cells);
    widen(printable);
    return line(printable);
  }

  private String line(String[] cells) {
    StringBuilder text = new StringBuilder();
    for (int column = 0; column < widths.length; column++) {
      text.append(cells[column])
          .append(" ".repeat(widths[column] - Printable.width(cells[column])))
          .append(SEPARATOR);
    }
    return text.toString().stripTrailing() + System.lineSeparator();
  }

  private static String[] printable(String[] row) {
    String[] cells = new String[row.length];
    for (int column = 0; column < row.length; column++) {
      cells[column] = Printable.of(row[column]);
    }
    return cells;
  }
}
