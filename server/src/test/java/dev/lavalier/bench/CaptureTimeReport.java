package dev.lavalier.bench;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.Period;
import dev.lavalier.capture.javasound.JavaSoundDevices;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/**
 * Measures the accuracy of the default device's capture times: their standard deviation from the
 * line fitted through all of them, from ten seconds after the start. bench/clock.py runs it.
 *
 * <p>Argument: {@code SECONDS}.
 */
final class CaptureTimeReport {

  private static final PcmFormat FORMAT = PcmFormat.parse("48000/2/s16le");
  private static final int WARM_UP = 1_000; // periods

  private final double[] samples;
  private final double[] nanos;
  private final CountDownLatch full = new CountDownLatch(1);
  private int count; // used only by the reader's thread

  private CaptureTimeReport(int seconds) {
    samples = new double[seconds * 100];
    nanos = new double[seconds * 100];
  }

  public static void main(String[] args) throws Exception {
    CaptureTimeReport report = new CaptureTimeReport(Integer.parseInt(args[0]));
    LineSettings settings = new LineSettings(id -> FORMAT, id -> true, TimeSource.system());
    Devices devices = new JavaSoundDevices(settings);
    devices.start();
    Capture capture = devices.open("default");
    capture.start(report.listener());
    report.full.await();
    report.print(capture);
    capture.stop(Duration.ofSeconds(2));
    capture.close();
    devices.close();
  }

  private CaptureListener listener() {
    long origin = System.nanoTime();
    return new CaptureListener() {
      @Override
      public void onPeriod(Period period) {
        int at = count++ - WARM_UP;
        if (at >= 0 && at < samples.length) {
          samples[at] = period.sampleIndex();
          nanos[at] = period.captureNanos() - origin;
        } else if (at == samples.length) {
          full.countDown();
        }
      }

      @Override
      public void onSilence(boolean silent) {}

      @Override
      public void onLost(String message) {
        throw new IllegalStateException(message);
      }
    };
  }

  private void print(Capture capture) {
    int n = samples.length;
    double meanX = 0;
    double meanY = 0;
    for (int i = 0; i < n; i++) {
      meanX += samples[i] / n;
      meanY += nanos[i] / n;
    }
    double xx = 0;
    double xy = 0;
    for (int i = 0; i < n; i++) {
      xx += (samples[i] - meanX) * (samples[i] - meanX);
      xy += (samples[i] - meanX) * (nanos[i] - meanY);
    }
    double slope = xy / xx;
    double squares = 0;
    double most = 0;
    for (int i = 0; i < n; i++) {
      double off = nanos[i] - meanY - slope * (samples[i] - meanX);
      squares += off * off;
      most = Math.max(most, Math.abs(off));
    }
    System.out.printf(
        "%d s: standard deviation %.3f ms, at most %.3f ms off; rate %+.2f ppm fitted, %s"
            + " reported%n",
        n / 100,
        Math.sqrt(squares / n) / 1e6,
        most / 1e6,
        (1e9 / 48_000 / slope - 1) * 1e6,
        capture.clockPpm().isPresent()
            ? "%+.2f".formatted(capture.clockPpm().getAsDouble())
            : "none");
  }
}
