package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the views of a frame: two samples of two channels. */
final class FrameTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  private Frame frame(SampleEncoding encoding, ByteBuffer pcm) throws LavalierException {
    StreamFramesResponse.Builder started = FakeMessages.started(2).toBuilder();
    started.getStartedBuilder().getFormatBuilder().setEncoding(encoding).setChannelCount(2);
    StreamFramesResponse.Builder message = FakeMessages.frame(800, 2, 0).toBuilder();
    message
        .getFrameBuilder()
        .setPcm(ByteString.copyFrom(pcm))
        .setCaptureTimeUnixNanos(1_800_000_000_123_456_789L)
        .getGapBuilder()
        .setSampleCount(160);
    server.respondWith(List.of(started.build(), message.build()), null);
    try (FrameStream stream = server.client().stream(StreamOptions.defaults())) {
      return stream.read();
    }
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private Frame s16(int... values) throws LavalierException {
    ByteBuffer pcm = littleEndian(8);
    for (int value : values) {
      pcm.putShort((short) value);
    }
    return frame(SampleEncoding.SAMPLE_ENCODING_S16LE, pcm.flip());
  }

  private Frame s24(int... values) throws LavalierException {
    ByteBuffer pcm = littleEndian(12);
    for (int value : values) {
      pcm.put((byte) value).put((byte) (value >> 8)).put((byte) (value >> 16));
    }
    return frame(SampleEncoding.SAMPLE_ENCODING_S24LE, pcm.flip());
  }

  private Frame s32(int... values) throws LavalierException {
    ByteBuffer pcm = littleEndian(16);
    for (int value : values) {
      pcm.putInt(value);
    }
    return frame(SampleEncoding.SAMPLE_ENCODING_S32LE, pcm.flip());
  }

  private Frame f32(double... values) throws LavalierException {
    ByteBuffer pcm = littleEndian(16);
    for (double value : values) {
      pcm.putFloat((float) value);
    }
    return frame(SampleEncoding.SAMPLE_ENCODING_F32LE, pcm.flip());
  }

  @Test
  void floatsAreFractionsOfFullScale() throws Exception {
    float[] fractions = {-1, -0.5f, 0, 0.25f};
    assertThat(s16(-32_768, -16_384, 0, 8_192).floats()).containsExactly(fractions);
    assertThat(s24(-(1 << 23), -(1 << 22), 0, 1 << 21).floats()).containsExactly(fractions);
    assertThat(s32(1 << 31, -(1 << 30), 0, 1 << 29).floats()).containsExactly(fractions);
    assertThat(f32(-1, -0.5, 0, 0.25).floats()).containsExactly(fractions);
    assertThat(s16(32_767, 1, -1, 0).floats())
        .containsExactly(32_767 / 32_768f, 1 / 32_768f, -1 / 32_768f, 0);
    assertThat(s32(Integer.MAX_VALUE, Integer.MAX_VALUE - 64, 1, -1).floats())
        .containsExactly(1 - 0x1p-24f, 1 - 0x1p-24f, 0x1p-31f, -0x1p-31f);
    assertThat(f32(-1.5, 1, 1.5, 1e-30).floats()).containsExactly(-1.5f, 1, 1.5f, 1e-30f);
  }

  @Test
  void shortsAreRoundedAndClipped() throws Exception {
    assertThat(s16(-32_768, -1, 1, 32_767).shorts()).containsExactly(-32_768, -1, 1, 32_767);
    assertThat(s24(-(1 << 23), -128, 128, (1 << 23) - 1).shorts())
        .containsExactly(-32_768, 0, 1, 32_767);
    assertThat(s24(-129, 127, 255, 384).shorts()).containsExactly(-1, 0, 1, 2);
    assertThat(s32(1 << 31, -(1 << 15), 1 << 15, Integer.MAX_VALUE).shorts())
        .containsExactly(-32_768, 0, 1, 32_767);
    assertThat(f32(-1.5, 1, 0.5 / 32_768, -0.5 / 32_768).shorts())
        .containsExactly(-32_768, 32_767, 1, 0);
    assertThat(f32(Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -1).shorts())
        .containsExactly(0, 32_767, -32_768, -32_768);
  }

  @Test
  void arraysAreCopies() throws Exception {
    Frame frame = s16(1, 2, 3, 4);
    frame.shorts()[0] = 9;
    frame.floats()[0] = 9;
    assertThat(frame.shorts()).containsExactly(1, 2, 3, 4);
    assertThat(frame.floats()[0]).isEqualTo(1 / 32_768f);
  }

  @Test
  void formatTimeAndTextDescribeTheFrame() throws Exception {
    Frame frame = s16(0, 0, 0, 0);
    assertThat(frame.format()).isEqualTo(PcmFormat.parse("8000/2/s16le"));
    assertThat(frame.sampleCount()).isEqualTo(2);
    assertThat(frame.captureTime()).isEqualTo(Instant.parse("2027-01-15T08:00:00.123456789Z"));
    assertThat(frame)
        .hasToString(
            "Frame[sampleIndex=800, sampleCount=2, format=8000/2/s16le,"
                + " captureTime=2027-01-15T08:00:00.123456789Z, missingBefore=160]");
  }
}
