package dev.lavalier.client.cli;

/** The line of one channel of the meter. */
final class MeterLine {

  private static final int MAX_BAR = 30;
  private static final int MIN_BAR = 5;
  private static final int BAR_BORDERS = 3;
  private static final double FLOOR_DB = -60;

  private MeterLine() {}

  /** Returns the levels of a channel, in dBFS. */
  static String of(int channel, double rms, double peak) {
    return "%3d%s".formatted(channel, levels(rms, peak));
  }

  /** Returns the levels with a bar of the RMS level that fits into {@code columns}, if one does. */
  static String withBar(int channel, double rms, double peak, int columns) {
    String levels = levels(rms, peak);
    int bar = Math.min(MAX_BAR, columns - 3 - BAR_BORDERS - levels.length());
    return bar < MIN_BAR
        ? of(channel, rms, peak)
        : "%3d |%s|%s".formatted(channel, bar(rms, bar), levels);
  }

  private static String levels(double rms, double peak) {
    return " rms %s dBFS  peak %s dBFS".formatted(Levels.text(rms), Levels.text(peak));
  }

  private static String bar(double db, int width) {
    double clamped = Double.isNaN(db) ? FLOOR_DB : Math.max(FLOOR_DB, Math.min(0, db));
    int filled = (int) Math.round(width * (clamped - FLOOR_DB) / -FLOOR_DB);
    return "#".repeat(filled) + " ".repeat(width - filled);
  }
}
