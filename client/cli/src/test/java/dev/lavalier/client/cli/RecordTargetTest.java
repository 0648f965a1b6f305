package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.FakeMessages;
import dev.lavalier.client.FakeServer;
import io.grpc.Status;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The targets of {@code record}, and the errors if it cannot write to them. */
final class RecordTargetTest {

  private static final int WAV_STREAM_HEADER_BYTES = 44;
  private static final int PCM_BYTES = 160;

  @RegisterExtension final FakeServer server = new FakeServer();

  @TempDir Path dir;

  private final CliRunner cli = new CliRunner(server);

  @BeforeEach
  void sendOneFrame() {
    server.respondWith(
        List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)), Status.UNAVAILABLE);
  }

  private int record(String... args) {
    String[] all = Arrays.copyOf(new String[] {"record", "--seconds", "0.01"}, 3 + args.length);
    System.arraycopy(args, 0, all, 3, args.length);
    return cli.run(all);
  }

  private static void assertWavStream(byte[] wav) {
    assertThat(wav).hasSize(WAV_STREAM_HEADER_BYTES + PCM_BYTES);
    ByteBuffer header = ByteBuffer.wrap(wav).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(new String(wav, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("RIFF");
    assertThat(header.getInt(4)).isEqualTo(-1);
    assertThat(new String(wav, 8, 8, StandardCharsets.US_ASCII)).isEqualTo("WAVEfmt ");
    assertThat(header.getInt(24)).isEqualTo(8_000);
    assertThat(new String(wav, 36, 4, StandardCharsets.US_ASCII)).isEqualTo("data");
    assertThat(header.getInt(40)).isEqualTo(-1);
    assertThat(Arrays.copyOfRange(wav, 44, 204)).containsOnly(1);
  }

  @Test
  void standardOutputGetsSamplesOrWavStream() {
    assertThat(record("-")).isZero();
    assertThat(cli.outBytes()).hasSize(PCM_BYTES).containsOnly(1);
    cli.reset();
    assertThat(record("--container", "wav", "-")).isZero();
    assertWavStream(cli.outBytes());
  }

  @Test
  void fileGetsWavFileOrSamples() throws Exception {
    Path wav = dir.resolve("take.wav");
    assertThat(record(wav.toString())).isZero();
    assertThat(Files.size(wav)).isEqualTo(80 + PCM_BYTES);
    Path pcm = Files.write(dir.resolve("take.pcm"), new byte[10_000]);
    assertThat(record("--container", "raw", pcm.toString())).isZero();
    assertThat(Files.readAllBytes(pcm)).hasSize(PCM_BYTES).containsOnly(1);
  }

  @Test
  void fifoGetsWavStream() throws Exception {
    Path fifo = fifo();
    CompletableFuture<byte[]> read = Background.supply(() -> readAll(fifo));
    assertThat(record(fifo.toString())).isZero();
    assertWavStream(read.get(20, TimeUnit.SECONDS));
    assertThat(cli.err()).isEmpty();
    assertThat(fifo).exists();
  }

  @Test
  void readerThatClosesFifoEndsRecording() throws Exception {
    server.keepStreamsOpen();
    Path fifo = fifo();
    CompletableFuture<Integer> code = Background.supply(() -> cli.run("record", fifo.toString()));
    CompletableFuture<Void> reader =
        Background.run(
            () -> {
              try (InputStream in = Files.newInputStream(fifo)) {
                assertThat(in.readNBytes(WAV_STREAM_HEADER_BYTES)).hasSize(44);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    var stream = server.awaitStreams(1).get(0);
    stream.onNext(FakeMessages.started(80));
    stream.onNext(FakeMessages.frame(0, 80, 0));
    reader.get(20, TimeUnit.SECONDS);
    stream.onNext(FakeMessages.frame(80, 80, 0));
    assertThat(code.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(cli.err()).isEmpty();
  }

  private Path fifo() throws Exception {
    Path fifo = dir.resolve("fifo");
    try {
      assumeTrue(
          new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor() == 0, "mkfifo failed");
    } catch (IOException e) {
      assumeTrue(false, "mkfifo is not installed (Debian: coreutils)");
    }
    return fifo;
  }

  private static byte[] readAll(Path path) {
    try {
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void deviceThatIsFullIsAnError() {
    assumeTrue(new File("/dev/full").exists(), "this system has no /dev/full");
    assertThat(record("/dev/full")).isEqualTo(1);
    assertThat(cli.err())
        .startsWith("file: /dev/full (expected: a writable file; ")
        .hasLineCount(1);
  }

  @Test
  void targetThatCannotBeWrittenIsOneLine() throws Exception {
    assertThat(record(dir.resolve("no/such/dir.wav").toString())).isEqualTo(1);
    assertThat(record(dir.toString())).isEqualTo(1);
    assertThat(record("take\0.wav")).isEqualTo(1);
    assertThat(cli.err().lines())
        .satisfiesExactly(
            line -> assertThat(line).endsWith("a writable file; the folder does not exist)"),
            line -> assertThat(line).endsWith("a writable file; it is a folder)"),
            line ->
                assertThat(line)
                    .startsWith("file: take\\u0000.wav (expected: a writable file; the system")
                    .endsWith("LC_ALL=C.UTF-8)"));
    assertThat(server.requests()).isEmpty();
  }

  /** The exception is made here, because root may write all files. */
  @Test
  void missingPermissionIsNamed() {
    assertThat(FileTypes.reason(new AccessDeniedException("take.wav"))).isEqualTo("no permission");
  }

  @Test
  void fileIsNotCreatedIfServerRefusesFormat() {
    server.respondWith(
        List.of(), Status.FAILED_PRECONDITION.withDescription("format: 1/1/s16le (expected: a)"));
    Path file = dir.resolve("take.wav");
    assertThat(record("--format", "1/1/s16le", file.toString())).isEqualTo(1);
    assertThat(cli.err()).isEqualTo("--format: 1/1/s16le (expected: a)\n");
    assertThat(file).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"take.mp3", "TAKE.OGA", "a.b.m4a"})
  void nameOfOtherAudioFormatIsWrongUsage(String name) {
    Path file = dir.resolve(name);
    assertThat(record(file.toString())).isEqualTo(2);
    assertThat(cli.err()).startsWith("file: ").contains(name, "record -").hasLineCount(1);
    assertThat(file).doesNotExist();
  }

  @Test
  void otherExtensionsAreAccepted() {
    for (String name : List.of("take", "mp3", "take.WAV", "take.wave", "2026.11.27")) {
      assertThat(record(dir.resolve(name).toString())).as(name).isZero();
    }
  }

  @Test
  void terminalIsWrongUsage() {
    cli.onTerminal();
    assertThat(record("-")).isEqualTo(2);
    assertThat(cli.err())
        .isEqualTo("file: - (expected: a file or a pipe; this is a terminal) (see --help)\n");
    assertThat(server.requests()).isEmpty();
  }
}
