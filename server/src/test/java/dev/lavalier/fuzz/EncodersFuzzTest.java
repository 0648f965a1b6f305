package dev.lavalier.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.FormatConverter;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.Period;
import dev.lavalier.codec.flac.FlacCodec;
import dev.lavalier.codec.opus.OpusCodec;
import dev.lavalier.common.StreamException;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.pipeline.PacketCodec;
import io.github.jaredmdobson.concentus.OpusDecoder;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Captures any samples, NaN among them, converts and encodes them: each frame becomes a packet of a
 * limited size, or the format and the frame size are rejected in one line.
 */
final class EncodersFuzzTest {

  private static final int HEADER_BYTES = 7;
  private static final int FRAMES = 3;
  private static final List<Integer> RATES_HZ =
      List.of(48_000, 44_100, 24_000, 16_000, 12_000, 11_025, 8_000, 96_000);
  private static final List<Integer> BITRATES =
      List.of(16_000, 24_000, 32_000, 48_000, 64_000, 96_000, 128_000, 192_000);

  /** In units of 2.5 ms. */
  private static final List<Integer> DURATIONS = List.of(1, 2, 4, 8, 16, 24);

  private static final int MAX_OPUS_BYTES = 4_000;
  private static final PolyphaseFilters FILTERS = new PolyphaseFilters();

  /**
   * The input has the codec, the captured and the delivered format and the frame size in {@value
   * #HEADER_BYTES} bytes, and then the samples, which are repeated.
   */
  @FuzzTest(maxDuration = "5s")
  void encode(byte[] input) throws Exception {
    if (input.length <= HEADER_BYTES) {
      return;
    }
    ByteBuffer header = ByteBuffer.wrap(input);
    int choice = header.get() & 0xFF;
    boolean opus = choice % 2 == 0;
    PacketCodec codec = opus ? new OpusCodec(BITRATES.get(choice / 2 % 8)) : new FlacCodec();
    PcmFormat captured = format(header.get() & 0xFF, header.get() & 0xFF);
    PcmFormat delivered = format(header.get() & 0xFF, header.get() & 0xFF);
    int size = header.getShort() & 0xFFFF;
    int frameSize =
        size < DURATIONS.size() ? DURATIONS.get(size) * delivered.sampleRateHz() / 400 : size;
    Conversion conversion;
    try {
      codec.check(delivered, frameSize);
      Conversion.checkRate(captured.sampleRateHz(), delivered.sampleRateHz());
      conversion = Conversion.plan(captured, delivered, List.of());
    } catch (StreamException e) {
      OneLine.check(e.getMessage());
      return;
    }
    byte[] samples = Arrays.copyOfRange(input, HEADER_BYTES, input.length);
    int bytes = frameSize * delivered.bytesPerSampleFrame();
    byte[] pcm = converted(conversion, samples, FRAMES * bytes);
    FrameEncoder encoder = codec.newEncoder(delivered, frameSize);
    for (int frame = 0; frame < FRAMES; frame++) {
      byte[] part = Arrays.copyOfRange(pcm, frame * bytes, (frame + 1) * bytes);
      byte[] packet =
          encoder.encode(new Period(part, frameSize, frame * (long) frameSize, 0, 0, 0));
      int largest = opus ? MAX_OPUS_BYTES : codec.packetBytes(delivered, frameSize);
      assertThat(packet.length).isBetween(1, largest);
      if (opus) {
        OpusDecoder decoder = new OpusDecoder(delivered.sampleRateHz(), delivered.channelCount());
        short[] decoded = new short[frameSize * delivered.channelCount()];
        assertThat(decoder.decode(packet, 0, packet.length, decoded, 0, frameSize, false))
            .isEqualTo(frameSize);
      }
    }
  }

  private static PcmFormat format(int encodingAndChannels, int rate) {
    SampleEncoding[] encodings = SampleEncoding.values();
    return new PcmFormat(
        encodings[encodingAndChannels % encodings.length],
        RATES_HZ.get(rate % RATES_HZ.size()),
        1 + encodingAndChannels / encodings.length % 8);
  }

  /**
   * Returns at least {@code length} bytes in the delivered format, from repeated captured bytes.
   */
  private static byte[] converted(Conversion conversion, byte[] samples, int length) {
    FormatConverter converter = new FormatConverter(conversion, FILTERS);
    int count = conversion.captured().sampleRateHz() / 100;
    byte[] period = new byte[count * conversion.captured().bytesPerSampleFrame()];
    for (int k = 0; k < period.length; k++) {
      period[k] = samples[k % samples.length];
    }
    if (conversion.isIdentity()) {
      byte[] pcm = new byte[length];
      for (int k = 0; k < length; k++) {
        pcm[k] = period[k % period.length];
      }
      return pcm;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (long index = 0; out.size() < length; index += count) {
      int delivered = converter.convert(period, count, index);
      out.write(converter.output(), 0, delivered * conversion.delivered().bytesPerSampleFrame());
    }
    return out.toByteArray();
  }
}
