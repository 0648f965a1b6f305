package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.lavalier.client.Codec;
import dev.lavalier.client.FakeMessages;
import dev.lavalier.client.FakeServer;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import dev.lavalier.client.StreamStart;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code record --segment}. */
final class RecordSegmentsTest {

  private static final long START_SECOND = 1_700_000_000;

  @RegisterExtension final FakeServer server = new FakeServer();

  @TempDir Path dir;

  private final CliRunner cli = new CliRunner(server);

  /** Makes the messages of a device; each sample has another value than the one before it. */
  private static final class Script {
    private final List<StreamFramesResponse> messages = new ArrayList<>();
    private final int rateHz;
    private final int frameSize;
    private long position; // of the next sample, in samples since the start
    private long epochStart;

    Script(int rateHz, int frameSize) {
      this.rateHz = rateHz;
      this.frameSize = frameSize;
      begin(7, rateHz);
    }

    private void begin(long epoch, int captureRateHz) {
      StreamFramesResponse.Builder started = FakeMessages.started(frameSize).toBuilder();
      started.getStartedBuilder().setEpoch(epoch).getFormatBuilder().setSampleRateHz(rateHz);
      started.getStartedBuilder().getCaptureFormatBuilder().setSampleRateHz(captureRateHz);
      messages.add(started.build());
    }

    Script frames(int count) {
      for (int i = 0; i < count; i++) {
        frame(0);
      }
      return this;
    }

    Script gap(long samples) {
      position += samples;
      return frame(samples);
    }

    /** Loses the device, which returns with another capture format. */
    Script loss(long samples) {
      position += samples;
      epochStart = position;
      begin(8, 16_000);
      return frame(samples);
    }

    private Script frame(long missing) {
      ByteBuffer pcm = ByteBuffer.allocate(2 * frameSize).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < frameSize; i++) {
        pcm.putShort((short) (position + i + 1));
      }
      StreamFramesResponse.Builder frame =
          FakeMessages.frame(position - epochStart, frameSize, missing).toBuilder();
      frame
          .getFrameBuilder()
          .setPcm(ByteString.copyFrom(pcm.flip()))
          .setCaptureTimeUnixNanos(
              TimeUnit.SECONDS.toNanos(START_SECOND) + position * 1_000_000_000 / rateHz);
      messages.add(frame.build());
      position += frameSize;
      return this;
    }
  }

  private void serve(Script script) {
    server.skipWaits(); // in real time, frames expire while a busy machine does not read them
    server.respondWith(script.messages, Status.UNAVAILABLE.withDescription("gone"));
  }

  private int record(String segment, String name, String... more) {
    List<String> args =
        new ArrayList<>(List.of("record", "--reconnect-s", "0", "--segment", segment));
    args.addAll(List.of(more));
    args.add(name.equals("-") ? name : dir.resolve(name).toString());
    return cli.run(args.toArray(String[]::new));
  }

  private List<String> names() throws Exception {
    try (Stream<Path> files = Files.walk(dir)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> dir.relativize(file).toString())
          .sorted()
          .toList();
    }
  }

  private byte[] pcm(String wav) throws Exception {
    try (AudioInputStream in = AudioSystem.getAudioInputStream(dir.resolve(wav).toFile())) {
      byte[] pcm = in.readAllBytes();
      assertThat(in.getFrameLength()).isEqualTo(pcm.length / 2);
      return pcm;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "44100, 441, 100ms, 4410",
    "44100, 1000, 100ms, 4410",
    "44100, 44100, 100ms, 4410", // a frame has several segments
    "48000, 960, 500ms, 24000",
    "8000, 80, 0.25, 2000",
    "96000, 1920, .1s, 9600"
  })
  void segmentsJoinToUnsegmentedRecording(int rateHz, int frameSize, String segment, int samples)
      throws Exception {
    Script script =
        new Script(rateHz, frameSize)
            .frames(rateHz / 2 / frameSize + 1)
            .gap(rateHz / 3) // spans a cut
            .frames(2)
            .loss(rateHz + 1) // spans several cuts
            .frames(rateHz / 2 / frameSize + 1);
    serve(script);
    assertThat(record(segment, "mic-%s-%f.wav")).isEqualTo(1);
    String errors = cli.err();
    List<String> segments = names();
    assertThat(cli.run("record", "--reconnect-s", "0", dir.resolve("all.wav").toString()))
        .isEqualTo(1);
    assertThat(cli.err()).isEqualTo(errors + errors);

    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (int i = 0; i < segments.size(); i++) {
      byte[] pcm = pcm(segments.get(i));
      if (i < segments.size() - 1) {
        assertThat(pcm).as(segments.get(i)).hasSize(2 * samples);
      }
      joined.write(pcm);
      assertThat(segments.get(i)).isIn(names(i, samples, rateHz));
    }
    assertThat(joined.toByteArray()).isEqualTo(pcm("all.wav")).hasSize((int) (2 * script.position));
  }

  /** Returns the name of a segment, and the one that rounding down twice makes of it. */
  private static List<String> names(int segment, int samples, int rateHz) {
    long micros = (long) segment * samples * 1_000_000 / rateHz;
    return Stream.of(micros, micros - 1)
        .map(
            time ->
                "mic-%d-%06d.wav"
                    .formatted(
                        START_SECOND + Math.floorDiv(time, 1_000_000),
                        Math.floorMod(time, 1_000_000)))
        .toList();
  }

  @Test
  void nameHasCaptureTimeOfFirstSampleAlsoInGapAndInLaterEpoch() throws Exception {
    // Cuts at 0.5 s (in the gap), 1 s (in the first frame of the second epoch) and 1.5 s.
    serve(new Script(8_000, 800).frames(4).gap(1_600).frames(1).loss(1_400).frames(6));
    assertThat(record("500ms", "mic-%s.%f.wav", "--seconds", "1.6")).isZero();
    assertThat(names())
        .containsExactly(
            "mic-1700000000.000000.wav",
            "mic-1700000000.500000.wav",
            "mic-1700000001.000000.wav",
            "mic-1700000001.500000.wav");
    assertThat(pcm("mic-1700000001.500000.wav")).hasSize(2 * 800);
  }

  @Test
  void clockThatIsSetChangesNamesButNotLengths() throws Exception {
    Script script = new Script(8_000, 800).frames(10);
    for (int i = 6; i < script.messages.size(); i++) { // from 0.5 s
      StreamFramesResponse.Builder frame = script.messages.get(i).toBuilder();
      long nanos = frame.getFrame().getCaptureTimeUnixNanos();
      frame.getFrameBuilder().setCaptureTimeUnixNanos(nanos - 500_000_000);
      script.messages.set(i, frame.build());
    }
    serve(script);
    assertThat(record("500ms", "mic-%s.%f.wav", "--seconds", "1")).isZero();
    assertThat(names()).containsExactly("mic-1700000000.000000-2.wav", "mic-1700000000.000000.wav");
    assertThat(pcm("mic-1700000000.000000.wav")).hasSize(8_000).startsWith(1, 0, 2, 0);
    assertThat(pcm("mic-1700000000.000000-2.wav")).hasSize(8_000).startsWith(0xA1, 0x0F);
  }

  @Test
  void existingFileIsKept() throws Exception {
    serve(new Script(8_000, 800).frames(10));
    Files.writeString(dir.resolve("mic-2023.wav"), "precious");
    Files.writeString(dir.resolve("mic-2023-3.wav"), "precious");
    assertThat(record("250ms", "mic-%Y.wav", "--seconds", "0.6")).isZero();
    assertThat(names())
        .containsExactly(
            "mic-2023-2.wav", "mic-2023-3.wav", "mic-2023-4.wav", "mic-2023-5.wav", "mic-2023.wav");
    assertThat(dir.resolve("mic-2023.wav")).hasContent("precious");
    assertThat(dir.resolve("mic-2023-3.wav")).hasContent("precious");
    assertThat(pcm("mic-2023-5.wav")).hasSize(2 * 800);
  }

  @Test
  void rawSegmentsHaveNoHeader() throws Exception {
    serve(new Script(8_000, 800).frames(10));
    assertThat(record("500ms", "mic-%f.pcm", "--container", "raw", "--seconds", "1")).isZero();
    assertThat(names()).containsExactly("mic-000000.pcm", "mic-500000.pcm");
    assertThat(Files.readAllBytes(dir.resolve("mic-500000.pcm")))
        .hasSize(8_000)
        .startsWith(0xA1, 0x0F); // sample 4001
  }

  @Test
  void foldersWithTimeAreCreated() throws Exception {
    serve(new Script(8_000, 800).frames(20));
    assertThat(record("1s", "%s/%f/mic.wav", "--seconds", "2")).isZero();
    assertThat(names()).containsExactly("1700000000/000000/mic.wav", "1700000001/000000/mic.wav");
  }

  @Test
  void folderCanBeLink() throws Exception {
    serve(new Script(8_000, 800).frames(10));
    Path real = Files.createDirectory(dir.resolve("real"));
    Files.createSymbolicLink(dir.resolve("link"), real);
    assertThat(record("1s", "link/%s.wav", "--seconds", "1")).isZero();
    assertThat(names()).containsExactly("real/1700000000.wav");
  }

  @Test
  void missingFolderIsRefusedBeforeDeviceOpens() {
    assertThat(record("1s", "no/%s/mic.wav")).isEqualTo(1);
    assertThat(cli.err())
        .isEqualTo(
            "file: %s (expected: a writable file; the folder %s does not exist)\n"
                .formatted(dir.resolve("no/%s/mic.wav"), dir.resolve("no")));
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void segmentThatCannotBeCreatedEndsRecordingInOneLine() throws Exception {
    serve(new Script(8_000, 800).frames(30));
    Files.writeString(dir.resolve("1700000002"), "a file, not a folder");
    assertThat(record("1s", "%s/mic.wav")).isEqualTo(1);
    assertThat(cli.err())
        .isEqualTo(
            "file: %s (expected: a writable file; a file has the name of its folder)\n"
                .formatted(dir.resolve("1700000002/mic.wav")));
    assertThat(names()).containsExactly("1700000000/mic.wav", "1700000001/mic.wav", "1700000002");
    assertThat(pcm("1700000000/mic.wav")).hasSize(16_000);
    assertThat(pcm("1700000001/mic.wav")).hasSize(16_000);
  }

  @Test
  void summaryCountsSegments() {
    serve(new Script(8_000, 800).frames(10));
    cli.withErrorsOnTerminal();
    assertThat(record("500ms", "mic-%f.wav", "--seconds", "0.6")).isZero();
    assertThat(cli.err())
        .contains("into " + dir.resolve("mic-%f.wav") + "\n")
        .endsWith(
            "wrote 2 segments (the last one is %s): 0.6 s, 0 gaps\n"
                .formatted(dir.resolve("mic-500000.wav")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-", "fifo", "take.wav", "mic-%Q.wav", "mic-%S-%", "mic-%S.mp3"})
  void invalidNameIsWrongUsage(String name) throws Exception {
    assertThat(record("1s", name)).isEqualTo(2);
    assertThat(cli.err()).startsWith("file: ").hasLineCount(1);
    assertThat(server.requests()).isEmpty();
    assertThat(names()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "99ms, 99 ms (expected: 100 ms to 24 h)",
    "0.0005, 0.5 ms (expected: 100 ms to 24 h)",
    "0, 0 ms (expected: 100 ms to 24 h)",
    "86401, 86401 s (expected: 100 ms to 24 h)",
    "1d, '1d (expected: a time, as 5s, 250ms or 2m; the unit is s if there is none)'"
  })
  void invalidLengthIsWrongUsage(String segment, String message) {
    assertThat(record(segment, "mic-%s.wav")).isEqualTo(2);
    assertThat(cli.err()).isEqualTo("--segment: " + message + " (see --help)\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"100ms", "30s", "15m", "1h", "24h"})
  void lengthInRangeIsAccepted(String segment) throws Exception {
    serve(new Script(8_000, 80).frames(1));
    assertThat(record(segment, "mic-%s.wav", "--seconds", "10ms")).isZero();
    assertThat(pcm("mic-1700000000.wav")).hasSize(160);
  }

  @Test
  void helpListsConversions() {
    assertThat(cli.run("record", "--help")).isZero();
    assertThat(cli.out().lines())
        .anySatisfy(
            line -> assertThat(line.strip()).isEqualTo("%Y %m %d %H %M %S %f %y %j %F %s %z"));
  }

  /** The stream ends before or after the failure is noticed. */
  @Test
  void failedFileIsNamedAlsoIfStreamFailedToo() throws Exception {
    serve(new Script(8_000, 800).frames(1));
    Files.writeString(dir.resolve("1700000000"), "a file, not a folder");
    assertThat(record("1s", "%s/mic.wav")).isEqualTo(1);
    assertThat(cli.err()).startsWith("file: ").contains("1700000000/mic.wav").hasLineCount(1);
  }

  @Test
  void failureNamesFileOfSegment() {
    RecordTarget target =
        RecordTarget.of("mic-%s.wav", null, Duration.ofSeconds(1), cli.terminal());
    FileSystemException full = new FileSystemException("mic-7.wav", null, "disk full");
    String message = "file: mic-7.wav (expected: a writable file; disk full)";
    assertThat(target.failure(full)).hasMessage(message); // of the close
    assertThat(target.failure(new IOException(full))).hasMessage(message); // of another thread
  }

  /** A disk that stops for a while delays only the thread that writes. */
  @Test
  void segmentsAreWrittenOnThreadOfTheirOwn() throws Exception {
    PcmFormat format = new PcmFormat(SampleEncoding.S16LE, 8_000, 1);
    RecordTarget target =
        RecordTarget.of(
            dir.resolve("mic-%s.wav").toString(), null, Duration.ofSeconds(1), cli.terminal());
    StreamStart start =
        new StreamStart(
            "mic",
            1,
            format,
            160,
            format,
            Duration.ZERO,
            Optional.empty(),
            Duration.ZERO,
            Codec.PCM,
            ByteBuffer.allocate(0));
    try (AudioOutput output = target.open().start(start, () -> {})) {
      assertThat(output).isInstanceOf(ReadAhead.class);
    }
    assertThat(names()).isEmpty();
  }
}
