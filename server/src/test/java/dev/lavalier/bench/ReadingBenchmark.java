package dev.lavalier.bench;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.Period;
import dev.lavalier.capture.javasound.JavaSoundDevices;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.TimeSource;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.TargetDataLine;

/**
 * Measures the intervals between 20 ms frames of the default device, with this project's reader and
 * with a plain blocking read. bench/reading.py runs it.
 *
 * <p>Arguments: {@code reader|blocking BUFFER_MS SECONDS}.
 */
final class ReadingBenchmark {

  private static final PcmFormat FORMAT = PcmFormat.parse("48000/2/s16le");
  private static final int FRAME = 960;
  private static final Duration PERIOD = Duration.ofMillis(10);
  private static final long WARM_UP_NANOS = 10_000_000_000L;

  private final long[] gaps;
  private int count;
  private long startNanos;
  private long last;
  private long threadId;

  private ReadingBenchmark(int seconds) {
    gaps = new long[seconds * 50];
  }

  public static void main(String[] args) throws Exception {
    int bufferMs = Integer.parseInt(args[1]);
    ReadingBenchmark benchmark = new ReadingBenchmark(Integer.parseInt(args[2]));
    if (args[0].equals("reader")) {
      benchmark.reader(bufferMs);
    } else {
      benchmark.blocking(bufferMs);
    }
  }

  private void reader(int bufferMs) throws Exception {
    LineSettings settings =
        new LineSettings(
            id -> FORMAT, id -> true, PERIOD, Duration.ofMillis(bufferMs), TimeSource.system());
    Devices devices = new JavaSoundDevices(settings);
    devices.start();
    Capture capture = devices.open("default");
    capture.start(
        new CaptureListener() {
          @Override
          public void onPeriod(Period period) {
            if (period.endIndex() % FRAME == 0) {
              frame();
            }
          }

          @Override
          public void onSilence(boolean silent) {}

          @Override
          public void onLost(String message) {
            throw new IllegalStateException(message);
          }
        });
    awaitFull();
    report("reader, buffer %d ms".formatted(bufferMs));
    capture.stop(Duration.ofSeconds(2));
    capture.close();
    devices.close();
  }

  private void blocking(int bufferMs) throws Exception {
    AudioFormat format = new AudioFormat(48_000, 16, 2, true, false);
    TargetDataLine line = AudioSystem.getTargetDataLine(format);
    line.open(format, bufferMs * 48 * 4);
    line.start();
    byte[] frame = new byte[FRAME * 4];
    while (count < gaps.length) {
      line.read(frame, 0, frame.length);
      frame();
    }
    report("blocking read, buffer %d ms".formatted(bufferMs));
    line.close();
  }

  private synchronized void frame() {
    long now = System.nanoTime();
    if (startNanos == 0) {
      startNanos = now;
      threadId = Thread.currentThread().getId();
    } else if (now - startNanos > WARM_UP_NANOS && count < gaps.length) {
      gaps[count++] = now - last;
      notifyAll();
    }
    last = now;
  }

  private synchronized void awaitFull() throws InterruptedException {
    while (count < gaps.length) {
      wait();
    }
  }

  private synchronized void report(String what) {
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    double cpu =
        ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getThreadCpuTime(threadId)
            / 1e7
            / seconds;
    List<String> within = new ArrayList<>();
    for (int ms : new int[] {1, 5}) {
      long inside = Arrays.stream(gaps).filter(g -> Math.abs(g - 20_000_000) <= ms * 1e6).count();
      within.add("%.2f %% within %d ms".formatted(100.0 * inside / gaps.length, ms));
    }
    Arrays.sort(gaps);
    System.out.printf(
        "%-28s min %.2f  p1 %.2f  p50 %.2f  p99 %.2f  max %.2f ms; %s; thread %.2f %% of a core%n",
        what,
        gaps[0] / 1e6,
        gaps[gaps.length / 100] / 1e6,
        gaps[gaps.length / 2] / 1e6,
        gaps[gaps.length * 99 / 100] / 1e6,
        gaps[gaps.length - 1] / 1e6,
        String.join(", ", within),
        cpu);
  }
}
