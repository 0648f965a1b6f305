package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.DeviceDescriptor;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LineCaptureTest {

  private static final PcmFormat FORMAT = PcmFormat.parse("48000/1/s32le");

  private static LineCapture captureWithBuffer(int bufferSamples) {
    SimulatedTime time = new SimulatedTime();
    AudioLine line = new ScriptedAudioLine(FORMAT, bufferSamples, time);
    DeviceDescriptor device = new DeviceDescriptor("mic", "mic", "", "", false, FORMAT, List.of());
    return new LineCapture(device, line, Duration.ofMillis(10), time);
  }

  @Test
  void periodFitsIntoASmallBuffer() {
    assertThat(captureWithBuffer(9_600).periodSamples()).isEqualTo(480);
    assertThat(captureWithBuffer(300).periodSamples()).isEqualTo(150);
    assertThat(captureWithBuffer(1).periodSamples()).isEqualTo(1);
  }
}
