package dev.lavalier.bench;

import dev.lavalier.audio.Conversion;
import dev.lavalier.testing.Sweep;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

/**
 * Measures the conversion of every pair of rates. Writes the tables of docs/user/formats.md,
 * between its two markers, and docs/user/formats.svg. Must run in the root directory of the
 * project.
 */
final class FormatsReport {

  private static final Path PAGE = Path.of("docs/user/formats.md");
  private static final Path PLOT = Path.of("docs/user/formats.svg");
  private static final String BEGIN = "<!-- measured by FormatsReport -->\n";
  private static final String END = "<!-- end -->";

  private static final List<Integer> RATES = Conversion.RATES_HZ;
  private static final int TONES = 40;
  private static final int STEPS = 240; // of the plot, from 0 to the lower rate

  private FormatsReport() {}

  public static void main(String[] args) throws Exception {
    Locale.setDefault(Locale.ROOT);
    String page = Files.readString(PAGE);
    int from = page.indexOf(BEGIN) + BEGIN.length();
    Files.writeString(
        PAGE,
        page.substring(0, from) + "\n" + tables() + "\n" + page.substring(page.indexOf(END, from)));
    plot();
  }

  private static String tables() throws Exception {
    StringBuilder rejection = new StringBuilder();
    double ripple = 0;
    double delay = 0;
    double worst = Double.MAX_VALUE;
    for (int from : RATES) {
      rejection.append("| **%s** |".formatted(kHz(from)));
      for (int to : RATES) {
        if (from == to) {
          rejection.append(" |");
          continue;
        }
        Sweep sweep = new Sweep(from, to);
        Sweep.Summary summary = sweep.summary(sweep.sweep(TONES));
        ripple = Math.max(ripple, summary.rippleDb());
        delay = Math.max(delay, summary.maxDelayNanos());
        worst = Math.min(worst, summary.rejectionDb());
        rejection.append(" %.1f |".formatted(summary.rejectionDb()));
      }
      rejection.append('\n');
    }
    return """
        | over all pairs of rates | measured |
        | --- | --- |
        | lowest rejection of aliases and images | %.1f dB |
        | largest ripple up to 0.45 of the lower rate | %.5f dB |
        | largest remaining error of `sample_index` and capture time | %.3f ns |

        Rejection in dB, from the rate in the first column (kHz) to the rate in the first row:

        %s
        %s
        %s
        """
        .formatted(
            worst,
            ripple,
            delay,
            "| |" + RATES.stream().map(r -> " " + kHz(r) + " |").reduce("", String::concat),
            "| --- |" + " --- |".repeat(RATES.size()),
            rejection.toString().strip());
  }

  private static String kHz(int rate) {
    return String.valueOf(rate / 1_000.0).replaceFirst("\\.0$", "");
  }

  // The plot.

  private static void plot() throws Exception {
    double[] unwanted = filled(Double.NEGATIVE_INFINITY);
    double[] highest = filled(Double.NEGATIVE_INFINITY);
    double[] lowest = filled(Double.POSITIVE_INFINITY);
    for (int from : RATES) {
      for (int to : RATES) {
        Sweep sweep = from == to ? null : new Sweep(from, to);
        int low = Math.min(from, to);
        for (int k = 1; sweep != null && k < STEPS && share(k) * low < from * 0.4995; k++) {
          Sweep.Point point = sweep.measure(share(k) * low);
          unwanted[k] = Math.max(unwanted[k], point.unwantedDb());
          if (share(k) < 0.5) {
            highest[k] = Math.max(highest[k], point.gainDb());
            lowest[k] = Math.min(lowest[k], point.gainDb());
          }
        }
      }
    }
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 360" font-family="sans-serif" \
        font-size="12">
        <rect width="880" height="360" fill="white"/>
        """);
    DoubleUnaryOperator x = share -> 60 + 360 * share;
    DoubleUnaryOperator y = db -> 40 + 270 * (10 - Math.max(-135, Math.min(10, db))) / 145;
    frame(svg, 60, "Output for a sine, all 90 pairs of rates (dB)");
    for (int db = 0; db >= -120; db -= 30) {
      level(svg, 60, y.applyAsDouble(db), db + "", db == -90 ? "#c33" : "#ddd");
    }
    for (double share : new double[] {0, 0.25, 0.5, 0.75, 1}) {
      tick(svg, x.applyAsDouble(share), share);
    }
    line(svg, unwanted, 1, STEPS, x, y, "#c33");
    line(svg, lowest, 1, STEPS, x, y, "#247");
    text(svg, 75, 75, "#247", "the sine itself");
    text(svg, 75, 205, "#c33", "the worst of all other output: aliases, images");

    DoubleUnaryOperator x2 = share -> 510 + 360 * share / 0.5;
    DoubleUnaryOperator y2 = db -> 175 - 1_000 * Math.max(-0.13, Math.min(0.13, db));
    frame(svg, 510, "The pass band: highest and lowest gain of all pairs (dB)");
    for (double db : new double[] {-0.1, -0.05, 0, 0.05, 0.1}) {
      boolean bound = Math.abs(db) > 0.09;
      level(svg, 510, y2.applyAsDouble(db), db + "", bound ? "#c33" : "#ddd");
    }
    for (double share : new double[] {0, 0.1, 0.2, 0.3, 0.45}) {
      tick(svg, x2.applyAsDouble(share), share);
    }
    int end = (int) (0.46 * STEPS);
    line(svg, highest, 1, end, x2, y2, "#247");
    line(svg, lowest, 1, end, x2, y2, "#247");
    svg.append("</svg>\n");
    Files.writeString(PLOT, svg);
  }

  private static double share(int k) {
    return (k + 0.1) / STEPS; // avoids the frequencies at which a tone and its alias coincide
  }

  private static double[] filled(double value) {
    double[] array = new double[STEPS];
    java.util.Arrays.fill(array, value);
    return array;
  }

  private static void frame(StringBuilder svg, int left, String title) {
    text(svg, left, 25, "#000", title);
    text(svg, left + 90, 350, "#000", "frequency, as a fraction of the lower rate");
    svg.append(
        "<rect x=\"%d\" y=\"40\" width=\"360\" height=\"270\" fill=\"none\" stroke=\"#888\"/>%n"
            .formatted(left));
  }

  private static void level(StringBuilder svg, int left, double y, String label, String colour) {
    svg.append(
        "<path d=\"M%d %.1fh360\" stroke=\"%s\" stroke-dasharray=\"4 3\"/>%n"
            .formatted(left, y, colour));
    svg.append(
        "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n"
            .formatted(left - 6, y + 4, label));
  }

  private static void tick(StringBuilder svg, double x, double share) {
    svg.append(
        "<path d=\"M%.1f 310v5\" stroke=\"#888\"/><text x=\"%.1f\" y=\"329\"".formatted(x, x)
            + " text-anchor=\"middle\">%s</text>%n".formatted(share));
  }

  private static void text(StringBuilder svg, int x, int y, String colour, String words) {
    svg.append("<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>%n".formatted(x, y, colour, words));
  }

  private static void line(
      StringBuilder svg,
      double[] db,
      int from,
      int to,
      DoubleUnaryOperator x,
      DoubleUnaryOperator y,
      String colour) {
    svg.append("<path fill=\"none\" stroke=\"%s\" d=\"".formatted(colour));
    char verb = 'M';
    for (int k = from; k < to; k++) {
      if (Double.isFinite(db[k])) {
        svg.append(
            "%c%.1f %.1f".formatted(verb, x.applyAsDouble(share(k)), y.applyAsDouble(db[k])));
        verb = 'L';
      }
    }
    svg.append("\"/>\n");
  }
}
