package dev.lavalier.capture.virtual;

import static dev.lavalier.capture.virtual.TestWav.integers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The formats of WAV files: they are played right, or refused in one line that says which. */
final class WavFormatsTest {

  private static final byte[] S16 = integers(2, 1, -2, 0x7fff, -0x8000, 0, 300);

  @TempDir Path dir;

  private WavDevice device(byte[] file) throws IOException {
    return WavDevice.of("take", Files.write(dir.resolve("take.wav"), file));
  }

  private byte[] play(byte[] file, int bytes) throws IOException {
    WavDevice device = device(file);
    byte[] played = new byte[bytes];
    try (VirtualDevice.SampleSource source = device.open(device.format())) {
      source.read(played, 0, played.length);
    }
    return played;
  }

  static Stream<Arguments> playable() {
    byte[] s24 = integers(3, 1, -2, 0x7fffff, -0x800000);
    byte[] s32 = integers(4, 1, -2, 0x7fffffff, -0x80000000L);
    byte[] f32 = integers(4, Float.floatToIntBits(0.25f), Float.floatToIntBits(-1));
    byte[] f64 = integers(8, Double.doubleToLongBits(0.25), Double.doubleToLongBits(-1));
    byte[] low = integers(4, 1, -2, 0x7fffff, -0x800000);
    byte[] lowUnsigned = integers(4, 1, 0xfffffe, 0x7fffff, 0x800000);
    byte[] high = integers(4, 0x100, -0x200, 0x7fffff00, -0x80000000L);
    return Stream.of(
        arguments(
            "unsigned 8-bit",
            TestWav.of(TestWav.PCM, 8_000, 1, 8, integers(1, 0x80, 0xff, 0, 0x81)),
            "8000/1/s16le",
            integers(2, 0, 0x7f00, -0x8000, 0x100)),
        arguments("16-bit", TestWav.of(TestWav.PCM, 48_000, 2, 16, S16), "48000/2/s16le", S16),
        arguments("24-bit", TestWav.of(TestWav.PCM, 48_000, 1, 24, s24), "48000/1/s24le", s24),
        arguments(
            "20-bit in 3 bytes",
            TestWav.file().format(TestWav.PCM, 1, 48_000, 3, 20).data(s24).riff(),
            "48000/1/s24le",
            s24),
        arguments("24-bit in the low bytes of 4", padded24(low), "48000/1/s24le", s24),
        arguments("24-bit, not extended", padded24(lowUnsigned), "48000/1/s24le", s24),
        arguments("24-bit in the high bytes of 4", padded24(high), "48000/1/s24le", s24),
        arguments("32-bit", TestWav.of(TestWav.PCM, 48_000, 1, 32, s32), "48000/1/s32le", s32),
        arguments("float", TestWav.of(TestWav.FLOAT, 48_000, 1, 32, f32), "48000/1/f32le", f32),
        arguments("double", TestWav.of(TestWav.FLOAT, 48_000, 1, 64, f64), "48000/1/f32le", f32),
        arguments(
            "A-law",
            TestWav.of(TestWav.A_LAW, 8_000, 1, 8, integers(1, 0xd5, 0x55, 0xaa, 0x2a, 0x80)),
            "8000/1/s16le",
            integers(2, 8, -8, 32_256, -32_256, 5_504)),
        arguments(
            "mu-law",
            TestWav.of(TestWav.MU_LAW, 8_000, 1, 8, integers(1, 0xff, 0x7f, 0x80, 0, 0xe0)),
            "8000/1/s16le",
            integers(2, 0, 0, 32_124, -32_124, 372)),
        arguments(
            "extensible 16-bit",
            TestWav.file().extensible(TestWav.PCM, 2, 44_100, 16, 16).data(S16).riff(),
            "44100/2/s16le",
            S16),
        arguments(
            "extensible 24 of 32 bits",
            TestWav.file().extensible(TestWav.PCM, 1, 48_000, 32, 24).data(high).riff(),
            "48000/1/s32le",
            high),
        arguments(
            "extensible float",
            TestWav.file().extensible(TestWav.FLOAT, 1, 48_000, 32, 32).data(f32).riff(),
            "48000/1/f32le",
            f32),
        arguments(
            "extensible, valid bits not set",
            TestWav.file().extensible(TestWav.PCM, 2, 48_000, 16, 0).data(S16).riff(),
            "48000/2/s16le",
            S16));
  }

  private static byte[] padded24(byte[] samples) {
    return TestWav.file().format(TestWav.PCM, 1, 48_000, 4, 24).data(samples).riff();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("playable")
  void formatIsPlayedRight(String kind, byte[] file, String format, byte[] expected)
      throws IOException {
    byte[] twice = play(file, 2 * expected.length);

    assertThat(device(file).format()).hasToString(format);
    assertThat(twice).startsWith(expected).endsWith(expected);
  }

  static Stream<Arguments> headers() {
    TestWav plain = TestWav.file().format(TestWav.PCM, 2, 48_000, 4, 16);
    byte[] list = integers(1, 1, 2, 3);
    return Stream.of(
        arguments("never finished", unfinished(0).bytes("RIFF", 0)),
        arguments("empty, then killed", unfinished(0).bytes("RIFF", 36)),
        arguments("into a pipe", unfinished(TestWav.UNKNOWN_SIZE).bytes("RIFF", -1)),
        arguments("into a pipe, 2 GiB", unfinished(0x7fffffdb).bytes("RIFF", 0x7fffffff)),
        arguments("truncated", unfinished(100_000).bytes("RIFF", 100_036)),
        arguments("RF64", rf64(S16.length).bytes("RF64", -1)),
        arguments("BW64", rf64(S16.length).bytes("BW64", -1)),
        arguments("RF64 never finished", rf64(0).bytes("RF64", -1)),
        arguments("RF64 of 2^63 bytes", rf64(Long.MIN_VALUE).bytes("RF64", -1)),
        arguments("RF64 without ds64", unfinished(TestWav.UNKNOWN_SIZE).bytes("RF64", -1)),
        arguments("RF64 of less than 4 GiB", plain.data(S16).bytes("RF64", 4_000)),
        arguments(
            "other chunks",
            TestWav.file()
                .chunk("JUNK", list)
                .format(TestWav.PCM, 2, 48_000, 4, 16)
                .chunk("LIST", list)
                .data(S16)
                .chunk("LIST", list)
                .riff()),
        arguments(
            "half a sample at the end",
            TestWav.file()
                .format(TestWav.PCM, 2, 48_000, 4, 16)
                .chunk("data", S16.length + 3, concat(S16, list))
                .riff()));
  }

  private static TestWav unfinished(int declaredBytes) {
    return TestWav.file().format(TestWav.PCM, 2, 48_000, 4, 16).chunk("data", declaredBytes, S16);
  }

  private static TestWav rf64(long dataBytes) {
    return TestWav.file()
        .ds64(dataBytes)
        .format(TestWav.PCM, 2, 48_000, 4, 16)
        .chunk("data", TestWav.UNKNOWN_SIZE, S16);
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("headers")
  void headerPlaysWhatIsInTheFile(String kind, byte[] file) throws IOException {
    assertThat(play(file, 2 * S16.length)).isEqualTo(concat(S16, S16));
  }

  static Stream<Arguments> refused() {
    byte[] end = TestWav.of(TestWav.PCM, 48_000, 2, 16, S16);
    return Stream.of(
        arguments(
            format(TestWav.PCM, 2, 48_000, 2, 16),
            "a block align of 4 bytes for 2 channels of 16 bits, not 2"),
        arguments(
            format(TestWav.PCM, 2, 48_000, 4, 24),
            "a block align of 6 bytes for 2 channels of 24 bits, not 4"),
        arguments(
            format(TestWav.PCM, 1, 48_000, 8, 24),
            "a block align of 3 bytes for 1 channels of 24 bits, not 8"),
        arguments(
            format(TestWav.FLOAT, 1, 48_000, 8, 32),
            "a block align of 4 bytes for 1 channels of 32 bits, not 8"),
        arguments(format(TestWav.PCM, 0, 48_000, 2, 16), "1 to 64 channels, not 0"),
        arguments(format(TestWav.PCM, 65, 48_000, 130, 16), "1 to 64 channels, not 65"),
        arguments(format(TestWav.PCM, 1, 0, 2, 16), "1000 to 384000 Hz, not 0"),
        arguments(format(TestWav.PCM, 1, -1, 2, 16), "1000 to 384000 Hz, not 4294967295"),
        arguments(format(TestWav.PCM, 1, 48_000, 1, 4), not("PCM (tag 0x0001) of 4 bits")),
        arguments(format(TestWav.PCM, 1, 48_000, 8, 64), not("PCM (tag 0x0001) of 64 bits")),
        arguments(format(TestWav.PCM, 1, 48_000, 0, 0), not("PCM (tag 0x0001) of 0 bits")),
        arguments(format(TestWav.FLOAT, 1, 48_000, 2, 16), not("float (tag 0x0003) of 16 bits")),
        arguments(format(TestWav.A_LAW, 1, 8_000, 2, 16), not("A-law (tag 0x0006) of 16 bits")),
        arguments(format(0x11, 1, 8_000, 256, 4), not("IMA ADPCM (tag 0x0011) of 4 bits")),
        arguments(format(0x55, 2, 44_100, 1, 0), not("MP3 (tag 0x0055) of 0 bits")),
        arguments(format(0, 1, 8_000, 2, 16), not("an unknown format (tag 0x0000) of 16 bits")),
        arguments(
            TestWav.file().extensible(0x55, 1, 48_000, 16, 16).data(S16).riff(),
            not("MP3 (tag 0x0055) of 16 bits")),
        arguments(
            TestWav.file().extensible(TestWav.PCM, 1, 48_000, 16, 24).data(S16).riff(),
            "at most 16 valid bits of 16, not 24"),
        arguments(
            format(TestWav.EXTENSIBLE, 1, 48_000, 2, 16),
            "a fmt chunk of 40 bytes or more for WAVE_FORMAT_EXTENSIBLE, not 16"),
        arguments(
            TestWav.file().chunk("fmt ", new byte[14]).data(S16).riff(),
            "a fmt chunk of 16 bytes or more, not 14"),
        arguments(
            TestWav.file().chunk("fmt ", otherSubFormat()).data(S16).riff(),
            "a sub-format that is PCM, float, A-law or mu-law, not another"),
        arguments(
            padded24(integers(4, 0x01020304)),
            "24 bits in the low or the high bytes of four, not in all four bytes"),
        arguments(
            TestWav.file().data(S16).format(TestWav.PCM, 1, 48_000, 2, 16).riff(),
            "a WAV file with a fmt chunk before its data"),
        arguments(
            TestWav.file().format(TestWav.PCM, 1, 48_000, 2, 16).riff(),
            "a WAV file with a data chunk"),
        arguments(TestWav.of(TestWav.PCM, 48_000, 2, 16, new byte[0]), "at least one sample"),
        arguments(
            TestWav.file()
                .format(TestWav.PCM, 2, 48_000, 4, 16)
                .data(new byte[0])
                .chunk("LIST", new byte[7])
                .riff(),
            "at least one sample"),
        arguments(TestWav.of(TestWav.PCM, 48_000, 2, 16, new byte[3]), "at least one sample"),
        arguments(Arrays.copyOf(end, 12), "a complete WAV header"),
        arguments(Arrays.copyOf(end, 30), "a fmt chunk of 16 bytes or more, not 10"),
        arguments(new byte[0], "a WAV file"),
        arguments(new byte[100], "a WAV file"),
        arguments(TestWav.file().bytes("RIFX", 0), "a little-endian WAV file, not RIFX"),
        arguments(TestWav.file().bytes("riff", 0), "a WAV file, not Wave64"));
  }

  private static byte[] format(int tag, int channels, int rate, int blockAlign, int bits) {
    return TestWav.file().format(tag, channels, rate, blockAlign, bits).data(S16).riff();
  }

  private static String not(String found) {
    return "PCM of 8 to 32 bits, float of 32 or 64 bits, A-law or mu-law of 8 bits, not " + found;
  }

  private static byte[] otherSubFormat() {
    byte[] file = TestWav.file().extensible(TestWav.PCM, 1, 48_000, 16, 16).riff();
    byte[] chunk = Arrays.copyOfRange(file, 20, 60);
    chunk[39] = 0;
    return chunk;
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("refused")
  void otherFileIsRefusedWithWhatWasFound(byte[] file, String expected) throws IOException {
    Path path = Files.write(dir.resolve("take.wav"), file);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> WavDevice.of("take", path))
        .withMessage("wav: take=%s (expected: %s)", path, expected);
  }

  @Test
  void fileThatDoesNotFitIntoABlockIsPlayedWhole() throws IOException {
    long[] values = new long[100_003];
    for (int i = 0; i < values.length; i++) {
      values[i] = i * 7919L % 0x7fff;
    }
    byte[] samples = integers(2, values);

    byte[] twice = play(TestWav.of(TestWav.PCM, 48_000, 1, 16, samples), 2 * samples.length);

    assertThat(twice).isEqualTo(concat(samples, samples));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-b 8 -e unsigned-integer",
        "-b 16",
        "-b 24",
        "-b 32",
        "-e floating-point -b 32",
        "-e a-law",
        "-e mu-law"
      })
  void fileOfSoxIsPlayedAsSoxDoes(String encoding) throws Exception {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "sox"))),
        "sox is not installed");
    Path file = dir.resolve("sox.wav");
    Path raw = dir.resolve("sox.raw");
    sox("-D -n -r 16000 -c 2 " + encoding + " " + file + " synth 0.5 sine 440 vol 0.5");
    WavDevice device = WavDevice.of("sox", file);
    String played =
        switch (device.format().encoding()) {
          case S16LE -> "-e signed-integer -b 16";
          case S24LE -> "-e signed-integer -b 24";
          case S32LE -> "-e signed-integer -b 32";
          case F32LE -> "-e floating-point -b 32";
        };
    sox("-D " + file + " -t raw " + played + " " + raw);
    byte[] expected = Files.readAllBytes(raw);

    assertThat(expected).hasSize(8_000 * device.format().bytesPerSampleFrame());
    assertThat(play(Files.readAllBytes(file), expected.length)).isEqualTo(expected);
  }

  private void sox(String arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("sox"));
    command.addAll(List.of(arguments.split(" ", -1)));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("sox.log").toFile())
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(dir.resolve("sox.log"))).isZero();
  }
}
