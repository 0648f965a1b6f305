package dev.lavalier.codec.flac;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.testing.Programs;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Encodes all kinds of audio, and decodes them with the programs flac and ffmpeg. */
final class FlacCodecTest {

  private static final FlacCodec CODEC = new FlacCodec();
  private static final int BLOCKS_OF_A_KIND = 3;

  /** A kind of audio. Each needs other parts of the format. */
  private enum Kind {
    SILENCE,
    CONSTANT,
    SINE,
    QUIET_NOISE,
    LOUD_NOISE,
    EXTREMES,
    ZERO_LOW_BITS,
    RANDOM_WALK,
    CLICKS,
    BURST;

    /** Returns a sample between -1 and 1, for one channel. */
    double sample(int n, int size, Random random, double last) {
      return switch (this) {
        case SILENCE -> 0;
        case CONSTANT -> -0.3;
        case SINE -> 0.7 * Math.sin(n * 0.05);
        case QUIET_NOISE -> random.nextGaussian() * 1e-3;
        case LOUD_NOISE -> random.nextDouble() * 2 - 1;
        case EXTREMES -> n % 2 == 0 ? -1 : 1;
        case ZERO_LOW_BITS -> Math.rint(Math.sin(n * 0.3) * 32) / 64;
        case RANDOM_WALK -> last + random.nextGaussian() * 1e-3;
        case CLICKS -> random.nextInt(size) == 0 ? 1 : 0;
        case BURST -> n * 3 / size == 1 ? random.nextDouble() * 2 - 1 : 0;
      };
    }
  }

  /** How the second channel depends on the first. */
  private enum Pair {
    INDEPENDENT,
    EQUAL,
    OPPOSITE,
    NEARLY_EQUAL
  }

  /** A format and a frame size. */
  private record Blocks(PcmFormat format, int frameSize) {
    static Blocks of(String format, int frameSize) {
      return new Blocks(PcmFormat.parse(format), frameSize);
    }

    @Override
    public String toString() {
      return format + " in blocks of " + frameSize;
    }
  }

  private static List<Blocks> streams() {
    return List.of(
        Blocks.of("48000/1/s16le", 480),
        Blocks.of("48000/2/s16le", 960),
        Blocks.of("48000/2/s24le", 960),
        Blocks.of("44100/1/s24le", 441),
        Blocks.of("16000/1/s16le", 16),
        Blocks.of("8000/1/s16le", 4608),
        Blocks.of("96000/2/s16le", 16384),
        Blocks.of("11025/3/s16le", 577),
        Blocks.of("384000/2/s24le", 1031),
        Blocks.of("48000/8/s24le", 480),
        Blocks.of("1000/1/s16le", 20));
  }

  @TempDir Path dir;

  @ParameterizedTest
  @MethodSource("streams")
  void flacDecodesTheInput(Blocks stream) throws Exception {
    assumeTrue(Programs.isInstalled("flac"), "flac is not installed");
    PcmFormat format = stream.format();
    byte[] pcm = allKinds(format, stream.frameSize());
    Path file = encoded(pcm, format, stream.frameSize(), 0);
    Programs.run("flac", "--silent", "--test", file.toString());
    Path decoded = dir.resolve("decoded.raw");
    Programs.run(
        "flac",
        "--silent",
        "--decode",
        "--force-raw-format",
        "--endian=little",
        "--sign=signed",
        "-o",
        decoded.toString(),
        file.toString());
    assertThat(Files.readAllBytes(decoded)).isEqualTo(pcm);
  }

  @ParameterizedTest
  @MethodSource("streams")
  void ffmpegDecodesTheInput(Blocks stream) throws Exception {
    assumeTrue(Programs.isInstalled("ffmpeg"), "ffmpeg is not installed");
    PcmFormat format = stream.format();
    byte[] pcm = allKinds(format, stream.frameSize());
    Path file = encoded(pcm, format, stream.frameSize(), 0);
    Path decoded = dir.resolve("decoded.raw");
    Programs.run(
        "ffmpeg",
        "-v",
        "error",
        "-xerror",
        "-i",
        file.toString(),
        "-f",
        format.encoding().toString(),
        "-c:a",
        "pcm_" + format.encoding(),
        decoded.toString());
    assertThat(Files.readAllBytes(decoded)).isEqualTo(pcm);
  }

  /** With frames of 10 ms, the numbers last for 248 days. */
  @ParameterizedTest
  @CsvSource({"0x7f", "0x7ff", "0xffff", "0x1fffff", "0x3ffffff", "0x7fffff00"})
  void frameNumbersOfEachLengthAreDecoded(String first) throws Exception {
    assumeTrue(Programs.isInstalled("ffmpeg"), "ffmpeg is not installed");
    PcmFormat format = PcmFormat.parse("48000/1/s16le");
    byte[] pcm = allKinds(format, 480);
    Path file = encoded(pcm, format, 480, Long.decode(first));
    Path decoded = dir.resolve("decoded.raw");
    Programs.run(
        "ffmpeg",
        "-v",
        "error",
        "-xerror",
        "-i",
        file.toString(),
        "-f",
        "s16le",
        decoded.toString());
    assertThat(Files.readAllBytes(decoded)).isEqualTo(pcm);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void packetIsNeverLongerThanItsBound(Kind kind) {
    for (Blocks each : streams()) {
      PcmFormat format = each.format();
      int frameSize = each.frameSize();
      FrameEncoder encoder = CODEC.newEncoder(format, frameSize);
      for (Pair pair : Pair.values()) {
        byte[] pcm = new byte[frameSize * format.bytesPerSampleFrame()];
        fill(pcm, 0, kind, pair, format, new Random(7));
        assertThat(encoder.encode(period(pcm, frameSize, Integer.MAX_VALUE)).length)
            .isLessThanOrEqualTo(CODEC.packetBytes(format, frameSize));
      }
    }
  }

  @Test
  void packetDoesNotDependOnEarlierFrames() {
    PcmFormat format = PcmFormat.parse("48000/2/s16le");
    byte[] pcm = allKinds(format, 480);
    int frameBytes = 480 * format.bytesPerSampleFrame();
    FrameEncoder used = CODEC.newEncoder(format, 480);
    for (int at = 0; at < pcm.length; at += frameBytes) {
      Period frame = period(Arrays.copyOfRange(pcm, at, at + frameBytes), 480, 480);
      assertThat(used.encode(frame)).isEqualTo(CODEC.newEncoder(format, 480).encode(frame));
    }
  }

  @Test
  void sineIsCompressedAndEqualChannelsCostLittle() {
    PcmFormat mono = PcmFormat.parse("48000/1/s16le");
    PcmFormat stereo = PcmFormat.parse("48000/2/s16le");
    int monoBytes = bytesOf(mono, Kind.SINE, Pair.EQUAL);
    assertThat(monoBytes).isLessThan(960 * 2 / 2);
    assertThat(bytesOf(stereo, Kind.SINE, Pair.EQUAL)).isLessThan(monoBytes + 16);
    assertThat(bytesOf(stereo, Kind.SINE, Pair.OPPOSITE)).isLessThan(2 * monoBytes);
    assertThat(bytesOf(stereo, Kind.SILENCE, Pair.EQUAL)).isLessThan(20);
  }

  private static int bytesOf(PcmFormat format, Kind kind, Pair pair) {
    byte[] pcm = new byte[960 * format.bytesPerSampleFrame()];
    fill(pcm, 0, kind, pair, format, new Random(1));
    return CODEC.newEncoder(format, 960).encode(period(pcm, 960, 0)).length;
  }

  @ParameterizedTest
  @CsvSource({
    "s16le, s16le",
    "s24le, s24le",
    "s32le, s24le",
    "f32le, s24le",
  })
  void encodingWithoutRequestLosesAsLittleAsPossible(String captured, String chosen) {
    assertThat(CODEC.encodingFor(PcmFormat.parse("48000/1/" + captured).encoding()))
        .isEqualTo(PcmFormat.parse("48000/1/" + chosen).encoding());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          48000/1/s32le | 480   | FORMAT_NOT_AVAILABLE | format.encoding: s32le (expected: s16le, s24le with CODEC_FLAC)
          48000/1/f32le | 480   | FORMAT_NOT_AVAILABLE | format.encoding: f32le (expected: s16le, s24le with CODEC_FLAC)
          48000/9/s16le | 480   | FORMAT_NOT_AVAILABLE | format.channel_count: 9 (expected: 1..8 with CODEC_FLAC)
          48000/1/s16le | 15    | INVALID_REQUEST      | frame_size: 15 (expected: 16..4608 samples with CODEC_FLAC)
          48000/1/s16le | 4609  | INVALID_REQUEST      | frame_size: 4609 (expected: 16..4608 samples with CODEC_FLAC)
          96000/1/s16le | 16385 | INVALID_REQUEST      | frame_size: 16385 (expected: 16..16384 samples with CODEC_FLAC)
          """)
  void otherFormatsAndFrameSizesAreRejected(
      String format, int frameSize, Reason reason, String message) {
    StreamException refusal =
        catchThrowableOfType(
            StreamException.class, () -> CODEC.check(PcmFormat.parse(format), frameSize));
    assertThat(refusal.reason()).isEqualTo(reason);
    assertThat(refusal).hasMessage(message);
  }

  /** Returns some blocks of each kind of audio, for each dependency between channels. */
  private static byte[] allKinds(PcmFormat format, int frameSize) {
    int blockBytes = frameSize * format.bytesPerSampleFrame();
    int blocks = Kind.values().length * Pair.values().length * BLOCKS_OF_A_KIND;
    byte[] pcm = new byte[blocks * blockBytes];
    Random random = new Random(42);
    int at = 0;
    for (Kind kind : Kind.values()) {
      for (Pair pair : Pair.values()) {
        for (int k = 0; k < BLOCKS_OF_A_KIND; k++) {
          byte[] block = new byte[blockBytes];
          fill(block, k * frameSize, kind, pair, format, random);
          System.arraycopy(block, 0, pcm, at, blockBytes);
          at += blockBytes;
        }
      }
    }
    return pcm;
  }

  private static void fill(
      byte[] block, int from, Kind kind, Pair pair, PcmFormat format, Random random) {
    int channels = format.channelCount();
    int width = format.encoding() == SampleEncoding.S16LE ? 2 : 3;
    int max = (1 << (8 * width - 1)) - 1;
    int size = block.length / width / channels;
    double[] last = new double[channels];
    for (int n = 0; n < size; n++) {
      for (int channel = 0; channel < channels; channel++) {
        double value =
            channel == 0 || pair == Pair.INDEPENDENT
                ? kind.sample(from + n, size, random, last[channel])
                : switch (pair) {
                  case OPPOSITE -> -last[0];
                  case NEARLY_EQUAL -> last[0] + random.nextGaussian() * 1e-4;
                  default -> last[0];
                };
        last[channel] = Math.max(-1, Math.min(1, value));
        int sample = (int) Math.max(-max - 1, Math.min(max, Math.rint(last[channel] * (max + 1))));
        for (int k = 0; k < width; k++) {
          block[(n * channels + channel) * width + k] = (byte) (sample >> (8 * k));
        }
      }
    }
  }

  private Path encoded(byte[] pcm, PcmFormat format, int frameSize, long firstNumber)
      throws Exception {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.write(CODEC.config(format, frameSize));
    FrameEncoder encoder = CODEC.newEncoder(format, frameSize);
    int frameBytes = frameSize * format.bytesPerSampleFrame();
    long number = firstNumber;
    for (int at = 0; at < pcm.length; at += frameBytes) {
      byte[] frame = Arrays.copyOfRange(pcm, at, at + frameBytes);
      file.write(encoder.encode(period(frame, frameSize, number * frameSize)));
      number++;
    }
    return Files.write(dir.resolve("encoded.flac"), file.toByteArray());
  }

  private static Period period(byte[] pcm, int samples, long sampleIndex) {
    return new Period(pcm, samples, sampleIndex, 0, 0, 0);
  }
}
