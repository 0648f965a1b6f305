package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesRequest;
import java.nio.ByteOrder;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A server with a capture format other than 16-bit stereo, and one device with a format of its own.
 */
final class CaptureFormatTest {

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withCaptureFormat("8000/1/s16le")
          .withCaptureFormat("tone", "11025/1/f32le");

  @Test
  void deviceIsCapturedAndDeliveredInItsFormat() throws Exception {
    TestSubscriber subscriber =
        lavalier.subscribe(StreamFramesRequest.getDefaultInstance()).requestAll();

    assertThat(subscriber.nextStarted().getFormat().getEncoding())
        .isEqualTo(SampleEncoding.SAMPLE_ENCODING_F32LE);
    lavalier.advance(Duration.ofMillis(50), 1);
    AudioFrame frame = subscriber.nextFrame();
    assertThat(frame.getPcm().size()).isEqualTo(220 * 4); // 20 ms, rounded down
    float tenth = frame.getPcm().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getFloat(40);
    assertThat(tenth)
        .isEqualTo((float) (Math.pow(10, -0.6) * Math.sin(2 * Math.PI * 440 * 10 / 11_025)));
  }
}
