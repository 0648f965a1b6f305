package dev.lavalier.testing;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.FormatConverter;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.common.StreamException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures a sample rate conversion with one sine after the other: the level and delay of each
 * sine, and the level of everything else in the output. Uses F32LE, so that rounding hides nothing.
 */
public final class Sweep {

  /** The promised end of the pass band, as a share of the lower rate. */
  public static final double PASS = 0.45;

  private static final int MEASURED = 1_200;
  private static final double PEAK = 0.5;

  private final int from;
  private final int to;
  private final Conversion conversion;
  private final PolyphaseFilters filters = new PolyphaseFilters();

  /**
   * The result for one sine.
   *
   * @param hz frequency of the sine
   * @param gainDb level of the sine in the output, relative to the input; NaN if the delivered rate
   *     cannot represent it
   * @param delaySeconds delay of the sine; NaN if the delivered rate cannot represent it
   * @param unwantedDb level of everything else in the output (aliases, images, noise), relative to
   *     the input
   */
  public record Point(double hz, double gainDb, double delaySeconds, double unwantedDb) {}

  /**
   * The result for all sines.
   *
   * @param rippleDb largest |gain| in the pass band
   * @param rejectionDb distance between the input and the strongest unwanted product
   * @param maxDelayNanos largest |delay| in the pass band
   */
  public record Summary(double rippleDb, double rejectionDb, double maxDelayNanos) {}

  /** Creates a sweep from one rate to another. */
  public Sweep(int from, int to) throws StreamException {
    this.from = from;
    this.to = to;
    this.conversion =
        Conversion.plan(
            new PcmFormat(SampleEncoding.F32LE, from, 1),
            new PcmFormat(SampleEncoding.F32LE, to, 1),
            List.of());
  }

  /**
   * Sweeps over all frequencies of the captured rate, twice as densely near the edges of the bands.
   *
   * @param tones number of sines in each band
   */
  public List<Point> sweep(int tones) {
    int low = Math.min(from, to);
    List<Point> points = new ArrayList<>();
    double top = 0.4999 * from / low;
    band(points, tones, 0.002, PASS - 0.02, low);
    band(points, tones, PASS - 0.02, PASS, low);
    band(points, tones / 2, PASS + 0.001, 0.4995, low);
    if (from > to) {
      band(points, tones, 0.5005, Math.min(0.53, top), low);
      band(points, tones, Math.min(0.531, top), top, low);
    }
    return points;
  }

  private void band(List<Point> points, int tones, double begin, double end, int low) {
    for (int k = 0; k < tones; k++) {
      points.add(measure((begin + (end - begin) * k / (tones - 1)) * low));
    }
  }

  /** Measures one sine. */
  public Point measure(double hz) {
    double[] y = convert(hz);
    double w = 2 * Math.PI * hz / to;
    boolean held = hz < to / 2.0;
    double c = 0;
    double s = 0;
    int skip = y.length - MEASURED;
    if (held) {
      double cc = 0;
      double ss = 0;
      double cs = 0;
      double xc = 0;
      double xs = 0;
      for (int n = skip; n < y.length; n++) {
        double cos = Math.cos(w * n);
        double sin = Math.sin(w * n);
        cc += cos * cos;
        ss += sin * sin;
        cs += cos * sin;
        xc += y[n] * cos;
        xs += y[n] * sin;
      }
      double det = cc * ss - cs * cs;
      c = (xc * ss - xs * cs) / det;
      s = (xs * cc - xc * cs) / det;
    }
    double rest = 0;
    for (int n = skip; n < y.length; n++) {
      rest += Math.pow(y[n] - c * Math.cos(w * n) - s * Math.sin(w * n), 2);
    }
    double unwanted = 10 * Math.log10(rest / MEASURED / (PEAK * PEAK / 2));
    return held
        ? new Point(
            hz,
            20 * Math.log10(Math.hypot(c, s) / PEAK),
            Math.atan2(-c, s) / (2 * Math.PI * hz),
            unwanted)
        : new Point(hz, Double.NaN, Double.NaN, unwanted);
  }

  private double[] convert(double hz) {
    FormatConverter converter = new FormatConverter(conversion, filters);
    int settling = (int) Math.ceil((double) conversion.lookahead() * to / from) + 1;
    int wanted = settling + MEASURED;
    int samples = (int) Math.ceil((double) wanted * from / to) + conversion.lookahead() + 1;
    ByteBuffer pcm = ByteBuffer.allocate(4 * samples).order(ByteOrder.LITTLE_ENDIAN);
    for (int n = 0; n < samples; n++) {
      pcm.putFloat((float) (PEAK * Math.sin(2 * Math.PI * hz * n / from)));
    }
    int delivered = converter.convert(pcm.array(), samples, 0);
    ByteBuffer out = ByteBuffer.wrap(converter.output()).order(ByteOrder.LITTLE_ENDIAN);
    double[] y = new double[Math.min(delivered, wanted)];
    for (int n = 0; n < y.length; n++) {
      y[n] = out.getFloat();
    }
    return y;
  }

  /** Summarizes a sweep. */
  public Summary summary(List<Point> points) {
    double pass = PASS * Math.min(from, to) * (1 + 1e-9);
    double ripple = 0;
    double delay = 0;
    double unwanted = Double.NEGATIVE_INFINITY;
    for (Point point : points) {
      unwanted = Math.max(unwanted, point.unwantedDb());
      if (point.hz() <= pass) {
        ripple = Math.max(ripple, Math.abs(point.gainDb()));
        delay = Math.max(delay, Math.abs(point.delaySeconds()));
      }
    }
    return new Summary(ripple, -unwanted, delay * 1e9);
  }
}
