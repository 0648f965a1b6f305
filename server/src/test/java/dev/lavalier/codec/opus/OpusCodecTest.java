package dev.lavalier.codec.opus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.pipeline.FrameEncoder;
import io.github.jaredmdobson.concentus.OpusDecoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Encodes audio of all formats that Opus has, and decodes it. */
final class OpusCodecTest {

  /** All rates, numbers of channels and durations. */
  private static List<Object[]> streams() {
    List<Object[]> streams = new ArrayList<>();
    for (int rate : List.of(8_000, 12_000, 16_000, 24_000, 48_000)) {
      for (int channels = 1; channels <= 2; channels++) {
        for (int tenthsOfMs : List.of(25, 50, 100, 200, 400, 600)) {
          streams.add(new Object[] {rate, channels, rate / 10_000.0 * tenthsOfMs});
        }
      }
    }
    return streams;
  }

  private static PcmFormat format(int rate, int channels) {
    return PcmFormat.parse(rate + "/" + channels + "/s16le");
  }

  /** Returns a sine of a quarter of full scale, with the opposite sign in a second channel. */
  private static byte[] sine(PcmFormat format, int frameSize, long from, double hz) {
    ByteBuffer pcm =
        ByteBuffer.allocate(frameSize * format.bytesPerSampleFrame())
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int k = 0; k < frameSize; k++) {
      double phase = 2 * Math.PI * hz * (from + k) / format.sampleRateHz();
      for (int channel = 0; channel < format.channelCount(); channel++) {
        pcm.putShort((short) ((channel == 0 ? 8_192 : -8_192) * Math.sin(phase)));
      }
    }
    return pcm.array();
  }

  private static Period period(byte[] pcm, int samples, long index) {
    return new Period(pcm, samples, index, 0, 0, 0);
  }

  @ParameterizedTest
  @MethodSource("streams")
  void decodedSineHasItsLevelPhaseAndDelay(int rate, int channels, double samples)
      throws Exception {
    PcmFormat format = format(rate, channels);
    int frameSize = (int) samples;
    OpusCodec codec = new OpusCodec(channels == 1 ? 64_000 : 96_000);
    codec.check(format, frameSize);
    FrameEncoder encoder = codec.newEncoder(format, frameSize);
    OpusDecoder decoder = new OpusDecoder(rate, channels);
    double hz = 440;
    long delay = (long) rate * codec.delayMicros() / 1_000_000;
    double inPhase = 0;
    double quadrature = 0;
    double power = 0;
    int measured = 0;
    for (int frame = 0; frame * frameSize < rate; frame++) {
      long index = (long) frame * frameSize;
      byte[] packet = encoder.encode(period(sine(format, frameSize, index, hz), frameSize, index));
      short[] decoded = new short[frameSize * channels];
      assertThat(decoder.decode(packet, 0, packet.length, decoded, 0, frameSize, false))
          .isEqualTo(frameSize);
      for (int k = 0; k < frameSize && index > rate / 2; k++) {
        double phase = 2 * Math.PI * hz * (index + k - delay) / rate;
        double value = decoded[k * channels] / 8_192.0;
        inPhase += value * Math.sin(phase);
        quadrature += value * Math.cos(phase);
        power += value * value;
        measured++;
      }
    }
    assertThat(2 * inPhase / measured).as("in phase").isCloseTo(1, Offset.offset(0.1));
    assertThat(2 * quadrature / measured).as("quadrature").isCloseTo(0, Offset.offset(0.1));
    assertThat(2 * power / measured).as("power").isCloseTo(1, Offset.offset(0.2));
  }

  @ParameterizedTest
  @ValueSource(ints = {16_000, 24_000, 32_000, 48_000, 64_000, 96_000, 128_000, 192_000})
  void packetsHaveTheBitrateOnAverage(int bitrate) {
    for (int channels = 1; channels <= 2; channels++) {
      PcmFormat format = format(48_000, channels);
      OpusCodec codec = new OpusCodec(bitrate);
      FrameEncoder encoder = codec.newEncoder(format, 960);
      Random random = new Random(3);
      long bytes = 0;
      int packets = 200;
      for (int k = 0; k < packets; k++) {
        byte[] pcm = new byte[960 * format.bytesPerSampleFrame()];
        ByteBuffer samples = ByteBuffer.wrap(pcm).order(ByteOrder.LITTLE_ENDIAN);
        while (samples.hasRemaining()) {
          samples.putShort((short) (random.nextGaussian() * 3_000));
        }
        bytes += encoder.encode(period(pcm, 960, 960L * k)).length;
      }
      assertThat(bytes * 8.0 * 50 / packets)
          .as("%d channels", channels)
          .isBetween(bitrate * 0.8, bitrate * 1.2);
      assertThat(codec.packetBytes(format, 960)).isEqualTo(bitrate / 400);
    }
  }

  /**
   * Jumps between silence, noise, full scale and clicks, at the lowest and the highest bit rate.
   */
  @ParameterizedTest
  @ValueSource(ints = {16_000, 64_000, 192_000})
  void anySamplesAreEncoded(int bitrate) throws Exception {
    Random random = new Random(bitrate);
    for (Object[] stream : streams()) {
      PcmFormat format = format((int) stream[0], (int) stream[1]);
      int frameSize = (int) (double) stream[2];
      FrameEncoder encoder = new OpusCodec(bitrate).newEncoder(format, frameSize);
      OpusDecoder decoder = new OpusDecoder(format.sampleRateHz(), format.channelCount());
      short[] decoded = new short[frameSize * format.channelCount()];
      for (int k = 0; k < 30; k++) {
        byte[] pcm = new byte[frameSize * format.bytesPerSampleFrame()];
        ByteBuffer samples = ByteBuffer.wrap(pcm).order(ByteOrder.LITTLE_ENDIAN);
        int kind = random.nextInt(4);
        while (kind > 0 && samples.hasRemaining()) {
          samples.putShort(
              (short)
                  switch (kind) {
                    case 1 -> random.nextInt(65_536) - 32_768;
                    case 2 -> random.nextBoolean() ? 32_767 : -32_768;
                    default -> random.nextInt(100) == 0 ? 32_767 : 0;
                  });
        }
        byte[] packet = encoder.encode(period(pcm, frameSize, (long) k * frameSize));
        assertThat(packet).isNotEmpty();
        assertThat(decoder.decode(packet, 0, packet.length, decoded, 0, frameSize, false))
            .isEqualTo(frameSize);
      }
    }
  }

  /** A tone in an encoder that loses frames. An Ogg stream has silence in their place. */
  @ParameterizedTest
  @CsvSource({"1, 64000", "2, 96000", "1, 192000"})
  void toneAfterSilenceForAGapHasItsLevel(int channels, int bitrate) throws Exception {
    PcmFormat format = format(48_000, channels);
    FrameEncoder encoder = new OpusCodec(bitrate).newEncoder(format, 960);
    OpusDecoder decoder = new OpusDecoder(48_000, channels);
    short[] decoded = new short[960 * channels];
    for (long frame = 0; frame < 60; frame++) {
      byte[] packet = {0x08, 0x06, (byte) 0xe0, (byte) 0xb3, 0x0e, (byte) 0xc6}; // silence, 20 ms
      if (frame < 20 || frame >= 32) {
        packet = encoder.encode(period(sine(format, 960, frame * 960, 440), 960, frame * 960));
      }
      decoder.decode(packet, 0, packet.length, decoded, 0, 960, false);
      int peak = 0;
      for (short value : decoded) {
        peak = Math.max(peak, Math.abs(value));
      }
      if (frame >= 33) { // after the first one, of which the codec delays a part
        assertThat(peak).as("frame %d", frame).isBetween(7_300, 9_200);
      } else if (frame == 32) {
        assertThat(peak).isLessThan(9_200);
      }
    }
  }

  @Test
  void configIsTheIdentificationHeader() {
    ByteBuffer header =
        ByteBuffer.wrap(new OpusCodec(64_000).config(format(16_000, 2), 320))
            .order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[8];
    header.get(magic);
    assertThat(magic).asString().isEqualTo("OpusHead");
    assertThat(header.get()).as("version").isEqualTo((byte) 1);
    assertThat(header.get()).as("channels").isEqualTo((byte) 2);
    assertThat(header.getShort()).as("delay at 48 kHz").isEqualTo((short) 312);
    assertThat(header.getInt()).as("rate").isEqualTo(16_000);
    assertThat(header.getShort()).as("gain").isZero();
    assertThat(header.get()).as("mapping").isZero();
    assertThat(header.hasRemaining()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          48000/1/f32le | 960 | FORMAT_NOT_AVAILABLE | format.encoding: f32le (expected: s16le with CODEC_OPUS)
          44100/1/s16le | 882 | FORMAT_NOT_AVAILABLE | format.sample_rate_hz: 44100 (expected: 8000, 12000, 16000, 24000, 48000 with CODEC_OPUS)
          48000/3/s16le | 960 | FORMAT_NOT_AVAILABLE | format.channel_count: 3 (expected: 1, 2 with CODEC_OPUS)
          16000/1/s16le | 441 | INVALID_REQUEST      | frame_size: 441 (expected: 40, 80, 160, 320, 640, 960 samples with CODEC_OPUS at 16000 Hz)
          """)
  void otherFormatsAndFrameSizesAreRejected(
      String format, int frameSize, Reason reason, String message) {
    StreamException refusal =
        catchThrowableOfType(
            StreamException.class,
            () -> new OpusCodec(64_000).check(PcmFormat.parse(format), frameSize));
    assertThat(refusal.reason()).isEqualTo(reason);
    assertThat(refusal).hasMessage(message);
  }

  /** The times are those of docs/benchmarks-audio.md, for the sound that takes most. */
  @ParameterizedTest
  @CsvSource({
    "16000/1/s16le, 320, 16000, 20.8",
    "16000/1/s16le, 160, 16000, 14.2",
    "24000/1/s16le, 240, 24000, 14.4",
    "24000/1/s16le, 480, 24000, 5.6",
    "16000/1/s16le, 320, 32000, 5.3",
    "48000/1/s16le, 960, 64000, 7.0",
    "48000/1/s16le, 120, 128000, 17.3",
    "48000/2/s16le, 960, 16000, 6.0",
    "48000/2/s16le, 960, 96000, 10.5",
    "48000/2/s16le, 120, 192000, 20.6"
  })
  void workIsEstimatedUpToThreeTimesTooHigh(
      String format, int frameSize, int bitrate, double measuredMillis) {
    long estimate = new OpusCodec(bitrate).workNanosPerSecond(PcmFormat.parse(format), frameSize);
    assertThat(estimate / 1e6 / measuredMillis).isBetween(1.0, 3.0);
  }

  @Test
  void codecsOfEqualBitratesAreEqual() {
    assertThat(new OpusCodec(64_000)).isEqualTo(new OpusCodec(64_000));
    assertThat(new OpusCodec(64_000)).isNotEqualTo(new OpusCodec(96_000));
  }
}
