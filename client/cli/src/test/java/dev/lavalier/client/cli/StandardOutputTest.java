package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.FakeMessages;
import dev.lavalier.client.FakeServer;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.DeviceSnapshot;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Standard output that cannot be written, or that nobody reads any more. */
final class StandardOutputTest {

  private static final List<StreamFramesResponse> TWO_FRAMES =
      List.of(
          FakeMessages.started(80), FakeMessages.frame(0, 80, 0), FakeMessages.frame(80, 80, 0));

  @RegisterExtension final FakeServer server = new FakeServer();

  @TempDir Path dir;

  private final CliRunner cli = new CliRunner(server);

  /** Fails after some writes. The text of the error is in the language of the system. */
  private static OutputStream failingAfter(int writes) {
    return new OutputStream() {
      private int remaining = writes;

      @Override
      public void write(int b) throws IOException {
        if (remaining-- <= 0) {
          throw new IOException("Auf dem Gerät ist kein Speicherplatz mehr verfügbar");
        }
      }

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        write(0);
      }
    };
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "record --seconds 0.02 -",
        "meter --seconds 0.02",
        "meter --json --seconds 0.02",
        "devices --json",
        "subscriptions --json",
        "--version",
        "meter --help"
      })
  void failedWriteIsAnErrorUnlessReaderOfPipeLeft(String command) {
    server.respondWith(TWO_FRAMES, Status.UNAVAILABLE);
    String[] args = command.split(" ", -1);
    assertThat(cli.withOutput(failingAfter(0), false).run(args)).isEqualTo(1);
    assertThat(cli.err())
        .isEqualTo(
            "standard output: not written (expected: a writable target; Auf dem Gerät ist kein"
                + " Speicherplatz mehr verfügbar)\n");
    cli.reset();
    assertThat(cli.withOutput(failingAfter(0), true).run(args)).isZero();
    assertThat(cli.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"record -", "meter", "meter --json"})
  void streamEndsWhenReaderOfPipeLeaves(String command) throws Exception {
    server.keepStreamsOpen();
    cli.withOutput(failingAfter(command.equals("meter") ? 1 : 0), true);
    CompletableFuture<Integer> code = Background.supply(() -> cli.run(command.split(" ", -1)));
    var stream = (ServerCallStreamObserver<StreamFramesResponse>) server.awaitStreams(1).get(0);
    stream.onNext(FakeMessages.started(8_000));
    for (int i = 0; i < 4; i++) { // the command can end before the last frame
      stream.onNext(FakeMessages.frame(i * 8_000L, 8_000, 0)); // a second
    }
    assertThat(code.get(20, TimeUnit.SECONDS)).isZero();
    while (!stream.isCancelled()) {
      Thread.onSpinWait();
    }
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void watchEndsAtFirstChangeAfterReaderLeft() {
    List<WatchDevicesResponse> changes = new ArrayList<>();
    changes.add(
        WatchDevicesResponse.newBuilder().setSnapshot(DeviceSnapshot.getDefaultInstance()).build());
    AudioFormat format =
        AudioFormat.newBuilder()
            .setEncoding(SampleEncoding.SAMPLE_ENCODING_S16LE)
            .setSampleRateHz(8_000)
            .setChannelCount(1)
            .build();
    for (int i = 0; i < 3; i++) {
      Device device = Device.newBuilder().setDeviceId("mic" + i).setCaptureFormat(format).build();
      changes.add(WatchDevicesResponse.newBuilder().setDevice(device).build());
    }
    server.setDeviceChanges(changes);
    assertThat(cli.withOutput(failingAfter(1), true).run("devices", "--watch")).isZero();
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void watchEndsWithoutChangeWhenReaderOfPipeLeaves() throws Exception {
    server.setDeviceChanges(
        List.of(
            WatchDevicesResponse.newBuilder()
                .setSnapshot(DeviceSnapshot.getDefaultInstance())
                .build()));
    server.keepWatchesOpen();
    cli.withOutput(new ByteArrayOutputStream(), true);
    CompletableFuture<Integer> code =
        CompletableFuture.supplyAsync(() -> cli.run("devices", "--watch"));
    while (!cli.watchesOutput()) {
      assertThat(code).isNotDone();
      Thread.onSpinWait();
    }
    cli.leaveOutput();
    assertThat(code.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(cli.err()).isEmpty();
    assertThat(cli.watchesOutput()).isFalse();
  }

  @Test
  void readerThatLoadsLosesNothing() throws Exception {
    CountDownLatch loaded = new CountDownLatch(1);
    ByteArrayOutputStream taken = new ByteArrayOutputStream();
    OutputStream reader =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
          }

          @Override
          public void write(byte[] from, int offset, int length) throws IOException {
            try {
              loaded.await();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
            taken.write(from, offset, length);
          }
        };
    List<StreamFramesResponse> messages = new ArrayList<>();
    messages.add(FakeMessages.started(8_000));
    for (int i = 0; i < 60; i++) {
      messages.add(FakeMessages.frame(i * 8_000L, 8_000, 0)); // a second
    }
    messages.add(FakeMessages.frame(61 * 8_000L, 8_000, 8_000));
    server.respondWith(messages, Status.UNAVAILABLE);
    cli.withOutput(reader, true);
    CompletableFuture<Integer> code =
        Background.supply(() -> cli.run("record", "--seconds", "62", "-"));
    while (!cli.err().contains("gap: 8000 samples")) { // the 62 s are read while the reader loads
      assertThat(code).isNotDone();
      Thread.onSpinWait();
    }
    loaded.countDown();
    assertThat(code.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(taken.size()).isEqualTo(62 * 16_000);
  }

  @Test
  void typeOfFileIsKnown() throws Exception {
    assertThat(FileTypes.isPipe(Files.createFile(dir.resolve("file")))).isFalse();
    assertThat(FileTypes.isPipe(dir.resolve("missing"))).isFalse();
    Path fifo = dir.resolve("fifo");
    assumeTrue(
        new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor() == 0, "mkfifo failed");
    assertThat(FileTypes.isPipe(fifo)).isTrue();
  }
}
