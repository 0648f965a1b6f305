package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.client.FakeMessages;
import dev.lavalier.client.FakeServer;
import dev.lavalier.codec.flac.FlacCodec;
import dev.lavalier.codec.opus.OpusCodec;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.pipeline.PacketCodec;
import dev.lavalier.testing.Programs;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Codec;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Recordings in FLAC and Opus, of a sine that the codecs of the server have encoded. */
final class RecordCodecsTest {

  private static final int RATE = 48_000;
  private static final int FRAME = 960;
  private static final double AMPLITUDE = 8_000;
  private static final int TOLERANCE = 700; // of Opus, after it has converged
  private static final long START_UNIX_NANOS = 1_700_000_000_000_000_000L;

  @RegisterExtension final FakeServer server = new FakeServer();

  @TempDir Path dir;

  private final CliRunner cli = new CliRunner(server);

  /** Returns the sample of the sine, in all channels. */
  private static short sample(long index) {
    return (short) Math.round(AMPLITUDE * Math.sin(2 * Math.PI * 440 * index / RATE));
  }

  private static byte[] pcm(long index, int count, int channels) {
    ByteBuffer pcm = ByteBuffer.allocate(2 * count * channels).order(ByteOrder.LITTLE_ENDIAN);
    for (int k = 0; k < count * channels; k++) {
      pcm.putShort(sample(index + k / channels));
    }
    return pcm.array();
  }

  /**
   * Serves a stream of frames of 20 ms. Each gap is before the frame of its number.
   *
   * @param gaps numbers of frames and lengths in samples, in turn
   */
  private void serve(Codec codec, int channels, int frames, int... gaps) {
    PcmFormat format = PcmFormat.parse(RATE + "/" + channels + "/s16le");
    PacketCodec packets = codec == Codec.CODEC_OPUS ? new OpusCodec(128_000) : new FlacCodec();
    FrameEncoder encoder = packets.newEncoder(format, FRAME);
    AudioFormat.Builder audio =
        AudioFormat.newBuilder()
            .setEncodingValue(1)
            .setSampleRateHz(RATE)
            .setChannelCount(channels);
    List<StreamFramesResponse> messages = new ArrayList<>();
    messages.add(
        StreamFramesResponse.newBuilder()
            .setStarted(
                StreamStarted.newBuilder()
                    .setDeviceId("mic")
                    .setEpoch(7)
                    .setFormat(audio)
                    .setCaptureFormat(audio)
                    .setFrameSize(FRAME)
                    .setMaxLatencyMs(10_000)
                    .setCodec(codec)
                    .setCodecConfig(ByteString.copyFrom(packets.config(format, FRAME))))
            .build());
    long index = 0;
    for (int k = 0; k < frames; k++) {
      long gap = 0;
      for (int g = 0; g < gaps.length; g += 2) {
        gap = gaps[g] == k ? gaps[g + 1] : gap;
      }
      index += gap;
      byte[] packet =
          encoder.encode(new Period(pcm(index, FRAME, channels), FRAME, index, 0, 0, 0));
      AudioFrame.Builder frame =
          AudioFrame.newBuilder()
              .setSampleIndex(index)
              .setCaptureTimeUnixNanos(START_UNIX_NANOS + index * 1_000_000_000 / RATE)
              .setPacket(ByteString.copyFrom(packet));
      if (gap > 0) {
        frame.getGapBuilder().setSampleCount(gap).setCause(GapCause.GAP_CAUSE_SLOW_SUBSCRIBER);
      }
      messages.add(StreamFramesResponse.newBuilder().setFrame(frame).build());
      index += FRAME;
    }
    server.respondWith(messages, Status.UNAVAILABLE);
  }

  @BeforeEach
  void checkTools() throws Exception {
    for (String tool : List.of("flac", "opusdec", "opusinfo", "ffprobe")) {
      assumeTrue(Programs.isInstalled(tool), tool + " is not installed");
    }
  }

  private Path record(String name, String... args) {
    List<String> all = new ArrayList<>(List.of("record"));
    all.addAll(List.of(args));
    all.add(dir.resolve(name).toString());
    assertThat(cli.run(all.toArray(String[]::new))).as(cli.err()).isZero();
    return dir.resolve(name);
  }

  /** Returns the samples that flac or opusdec decode, without a word about damage. */
  private short[] decode(Path file) throws IOException, InterruptedException {
    Path raw = dir.resolve("decoded.raw");
    if (file.toString().endsWith(".flac")) {
      Programs.run("flac", "--silent", "--test", file.toString());
      Programs.run(
          "flac",
          "--silent",
          "--decode",
          "--force",
          "--force-raw-format",
          "--endian=little",
          "--sign=signed",
          "-o",
          raw.toString(),
          file.toString());
    } else {
      assertThat(output("opusinfo", file.toString())).doesNotContainIgnoringCase("warning");
      Programs.run("opusdec", "--quiet", "--no-dither", file.toString(), raw.toString());
    }
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(raw)).order(ByteOrder.LITTLE_ENDIAN);
    short[] samples = new short[bytes.remaining() / 2];
    bytes.asShortBuffer().get(samples);
    return samples;
  }

  private static String output(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private static void assertSine(short[] samples, int from, int to, int firstIndex, int channels) {
    for (int k = from * channels; k < to * channels; k++) {
      int expected = sample(firstIndex + k / channels);
      assertThat((int) samples[k])
          .as("sample %d", k / channels)
          .isBetween(expected - TOLERANCE, expected + TOLERANCE);
    }
  }

  @ParameterizedTest
  @CsvSource({"take.opus, 1, 1.0", "take.ogg, 2, 0.9703125", "TAKE.OPUS, 2, 0.02", "t.ogg, 1, 0.3"})
  void opusFileIsAsLongAsTheAudio(String name, int channels, double seconds) throws Exception {
    serve(Codec.CODEC_OPUS, channels, 60);
    Path file = record(name, "--seconds", String.valueOf(seconds));
    short[] samples = decode(file);
    int length = (int) Math.round(seconds * RATE);
    assertThat(samples).hasSize(length * channels);
    // A decoder has converged after 80 ms. The last 6.5 ms fade out.
    assertSine(samples, Math.min(length, 3_840), Math.max(0, length - 312), 0, channels);
    assertThat(server.lastRequest().getCodec()).isEqualTo(Codec.CODEC_OPUS);
    assertThat(
            output(
                "ffprobe", "-v", "error", "-show_entries", "stream=duration_ts", file.toString()))
        .contains("duration_ts=" + (length + 312)); // ffprobe adds the pre-skip
    assertThat(cli.err()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"1, 1.0", "2, 0.9703125", "1, 0.002", "2, 0.02"})
  void flacFileHasTheSamples(int channels, double seconds) throws Exception {
    serve(Codec.CODEC_FLAC, channels, 60);
    Path file = record("take.flac", "--seconds", String.valueOf(seconds));
    int length = (int) Math.round(seconds * RATE);
    assertThat(decode(file)).isEqualTo(shorts(pcm(0, length, channels)));
    assertThat(server.lastRequest().getCodec()).isEqualTo(Codec.CODEC_FLAC);
    assertThat(
            output(
                "ffprobe", "-v", "error", "-show_entries", "stream=duration_ts", file.toString()))
        .contains("duration_ts=" + length);
    assertThat(cli.err()).isEmpty();
  }

  private static short[] shorts(byte[] bytes) {
    short[] samples = new short[bytes.length / 2];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer().get(samples);
    return samples;
  }

  @ParameterizedTest
  @CsvSource({"take.opus, CODEC_OPUS", "take.flac, CODEC_FLAC"})
  void tagsNameTheDeviceAndTheTime(String name, Codec codec) throws Exception {
    serve(codec, 1, 10);
    Path file = record(name, "--seconds", "0.1");
    assertThat(output("ffprobe", "-v", "error", "-show_format", "-show_streams", file.toString()))
        .containsIgnoringCase("TAG:DEVICE=mic")
        .containsIgnoringCase("TAG:DATE=2023-11-14T22:13:20Z")
        .containsIgnoringCase("TAG:ENCODER=lavalier");
  }

  /** The gaps are multiples of 2.5 ms, and not. */
  @Test
  void gapOfOpusIsSilence() throws Exception {
    serve(Codec.CODEC_OPUS, 1, 60, 20, 9_600, 40, 1_000);
    short[] samples = decode(record("take.opus", "--seconds", "1.2"));
    assertThat(samples).hasSize(57_600);
    assertSine(samples, 3_840, 20 * 960 - 312, 0, 1);
    for (int k = 20 * 960 + 960; k < 20 * 960 + 9_600 - 312; k++) { // the last tone fades out
      assertThat((int) samples[k]).as("sample %d", k).isBetween(-1, 1);
    }
    assertSine(samples, 28_800 + 3_840, 48_000 - 312, 0, 1);
    // The silence of the second gap is shorter by 40 samples.
    assertSine(samples, 49_000 + 3_840, 57_600 - 312, 40, 1);
    assertThat(cli.err()).contains("gap: 9600 samples (0.200 s)").hasLineCount(2);
  }

  @Test
  void gapOfFlacIsSilence() throws Exception {
    serve(Codec.CODEC_FLAC, 2, 30, 10, 100_003);
    short[] samples = decode(record("take.flac", "--seconds", "2.3"));
    assertThat(samples).hasSize(2 * 110_400);
    short[] expected = shorts(pcm(0, 110_400, 2));
    Arrays.fill(expected, 2 * 9_600, 2 * 109_603, (short) 0);
    assertThat(samples).isEqualTo(expected);
  }

  private List<Path> segments() throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files.filter(f -> f.getFileName().toString().startsWith("mic-")).sorted().toList();
    }
  }

  /** 110 ms are 5.5 frames. A gap spans a cut. */
  @ParameterizedTest
  @ValueSource(strings = {"100ms", "110ms", "0.25s"})
  void segmentsOfOpusJoinWithoutLoss(String length) throws Exception {
    serve(Codec.CODEC_OPUS, 1, 60, 30, 9_600);
    record("mic-%s-%f.opus", "--seconds", "1.2", "--segment", length);
    ByteArrayOutputStream chained = new ByteArrayOutputStream();
    List<Short> joined = new ArrayList<>();
    for (Path segment : segments()) {
      for (short sample : decode(segment)) {
        joined.add(sample);
      }
      chained.writeBytes(Files.readAllBytes(segment));
    }
    short[] samples = new short[joined.size()];
    for (int k = 0; k < samples.length; k++) {
      samples[k] = joined.get(k);
    }
    assertThat(samples).hasSize(57_600);
    assertSine(samples, 3_840, 28_800 - 312, 0, 1);
    assertSine(samples, 38_400 + 3_840, 57_600 - 312, 0, 1);
    Path all = Files.write(dir.resolve("all.opus"), chained.toByteArray());
    assertThat(decode(all)).as("the files in sequence are a file").hasSize(57_600);
  }

  @Test
  void segmentsOfFlacJoinWithoutLoss() throws Exception {
    serve(Codec.CODEC_FLAC, 2, 60);
    record("mic-%s-%f.flac", "--seconds", "1.1", "--segment", "110ms");
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    assertThat(segments()).hasSize(10);
    for (Path segment : segments()) {
      decode(segment);
      joined.writeBytes(Files.readAllBytes(dir.resolve("decoded.raw")));
    }
    assertThat(joined.toByteArray()).isEqualTo(pcm(0, 52_800, 2));
  }

  @ParameterizedTest
  @CsvSource({"ogg, CODEC_OPUS, opus", "flac, CODEC_FLAC, flac"})
  void standardOutputGetsStream(String container, Codec codec, String extension) throws Exception {
    serve(codec, 1, 30);
    assertThat(cli.run("record", "--container", container, "--seconds", "0.5", "-")).isZero();
    Path file = Files.write(dir.resolve("out." + extension), cli.outBytes());
    short[] samples = decode(file);
    assertThat(samples).hasSize(24_000);
    assertSine(samples, 3_840, 24_000 - 312, 0, 1);
  }

  /** The stream ends because the server is gone, as after Ctrl-C. */
  @ParameterizedTest
  @CsvSource({"take.opus, CODEC_OPUS", "take.flac, CODEC_FLAC"})
  void fileIsCompleteIfStreamEndsEarly(String name, Codec codec) throws Exception {
    serve(codec, 2, 30);
    Path file = dir.resolve(name);
    assertThat(cli.run("record", "--reconnect-s", "0", file.toString())).isEqualTo(1);
    assertThat(decode(file)).hasSize(2 * 28_800);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--codec flac take.opus | --codec: flac (expected: opus for take.opus)",
        "--codec pcm take.ogg | --codec: pcm (expected: opus for take.ogg)",
        "--codec opus take.flac | --codec: opus (expected: flac for take.flac)",
        "--codec flac --container ogg - | --codec: flac (expected: opus for --container ogg)",
        "--container wav take.flac | --container: wav (expected: flac for take.flac)",
        "--container raw take.opus | --container: raw (expected: ogg for take.opus)",
        "--container ogg take.wav | --container: ogg (expected: wav for take.wav)",
      })
  void containerAndCodecThatDoNotFitAreWrongUsage(String args, String message) {
    List<String> all = new ArrayList<>(List.of("record", "--seconds", "1"));
    all.addAll(List.of(args.split(" ", -1)));
    assertThat(cli.run(all.toArray(String[]::new))).isEqualTo(2);
    assertThat(cli.err()).isEqualTo(message + " (see --help)\n");
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void olderServerHasNoOpus() {
    server.respondWith(
        List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)), Status.UNAVAILABLE);
    Path file = dir.resolve("take.opus");
    assertThat(cli.run("record", "--seconds", "0.01", file.toString())).isEqualTo(1);
    assertThat(cli.err()).isEqualTo("--codec: opus (expected: pcm; the server has no opus)\n");
    assertThat(file).doesNotExist();
  }

  /** The program encodes what an older server sends. */
  @Test
  void pcmOfOlderServerIsWrittenAsFlac() throws Exception {
    server.respondWith(
        List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)), Status.UNAVAILABLE);
    short[] samples = decode(record("take.flac", "--seconds", "0.01"));
    assertThat(samples).hasSize(80).containsOnly((short) 0x0101);
  }
}
