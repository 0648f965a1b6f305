package dev.lavalier.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.StreamFramesResponse;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The message of a frame is the one that the generated code makes. */
final class FrameMessageTest {

  private static final PcmFormat FORMAT = PcmFormat.parse("48000/1/s16le");

  private static void assertSameAsGenerated(
      byte[] pcm, long index, long captureNanos, long captureUnixNanos, long readNanos) {
    int samples = pcm.length / 2;
    long delayMicros = Math.max(0, readNanos - captureNanos) / 1_000;
    byte[] expected =
        StreamFramesResponse.newBuilder()
            .setFrame(
                AudioFrame.newBuilder()
                    .setPcm(ByteString.copyFrom(pcm))
                    .setSampleIndex(index)
                    .setCaptureTimeUnixNanos(captureUnixNanos)
                    .setReadDelayMicros((int) Math.min(Integer.MAX_VALUE, delayMicros))
                    .setReadTimeSteadyNanos(readNanos))
            .build()
            .toByteArray();
    byte[] message =
        AudioCaptureCalls.pcmCodec()
            .newEncoder(FORMAT, samples)
            .encode(new Period(pcm, samples, index, captureNanos, captureUnixNanos, readNanos));
    assertThat(message).isEqualTo(expected);
  }

  @Test
  void fieldsOfAllSizesAreEncoded() {
    Random random = new Random(3);
    for (int length : new int[] {2, 126, 128, 3_840, 16_384, 1 << 20}) {
      byte[] pcm = new byte[length];
      random.nextBytes(pcm);
      assertSameAsGenerated(pcm, 0, 0, 0, 0);
      assertSameAsGenerated(pcm, 960, 1, 1_750_000_000_000_000_000L, 20_000_000);
      assertSameAsGenerated(
          pcm, 1L << 40, -50_000_000, -1, -30_000_000); // a steady time can be < 0
      assertSameAsGenerated(pcm, Long.MAX_VALUE, 0, Long.MIN_VALUE, Long.MAX_VALUE);
      assertSameAsGenerated(pcm, 1, 5_000, 7, 1); // read before the estimated capture
    }
  }
}
