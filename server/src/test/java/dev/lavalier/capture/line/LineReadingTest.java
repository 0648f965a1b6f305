package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.Period;
import dev.lavalier.testing.ManualTimeSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An exception on the capture thread ends the reading, and the listener gets the reason. */
final class LineReadingTest {

  private final List<String> losses = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(strings = {"start", "available", "read", "onPeriod"})
  void error_isReportedAsALoss(String method) {
    FailingLine line = new FailingLine(method);
    LineReading reading = new LineReading(line, "mic", 480, new ManualTimeSource());
    reading.start(
        new CaptureListener() {
          @Override
          public void onPeriod(Period period) {
            line.failIn("onPeriod");
          }

          @Override
          public void onSilence(boolean silent) {}

          @Override
          public void onLost(String reason) {
            losses.add(reason);
          }
        });
    if (!reading.ended()) {
      long unused = reading.step();
    }
    assertThat(reading.ended()).isTrue();
    assertThat(losses).singleElement().asString().contains("Java heap space");
  }

  private record FailingLine(String failing) implements AudioLine {

    void failIn(String method) {
      if (method.equals(failing)) {
        throw new InternalError("Java heap space");
      }
    }

    @Override
    public PcmFormat format() {
      return new PcmFormat(SampleEncoding.S16LE, 48_000, 1);
    }

    @Override
    public int bufferSamples() {
      return 9_600;
    }

    @Override
    public void start() {
      failIn("start");
    }

    @Override
    public int available() {
      failIn("available");
      return 480;
    }

    @Override
    public int read(byte[] buffer) {
      failIn("read");
      return 480;
    }

    @Override
    public void stop() {}

    @Override
    public void close() {}
  }
}
