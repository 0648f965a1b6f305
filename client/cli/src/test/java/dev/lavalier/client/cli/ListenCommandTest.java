package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.FakeMessages;
import dev.lavalier.client.FakeServer;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests {@code lavalier listen} without an output device. */
final class ListenCommandTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  private final CliRunner cli = new CliRunner(server);

  /** No output device plays 64 channels at 384 kHz, so this also fails on a machine with one. */
  @Test
  void missingOutputDeviceIsOneLineAndReleasesMicrophone() throws Exception {
    server.keepStreamsOpen();
    CompletableFuture<Integer> code = CompletableFuture.supplyAsync(() -> cli.run("listen"));
    var stream = (ServerCallStreamObserver<StreamFramesResponse>) server.awaitStreams(1).get(0);
    StreamFramesResponse.Builder started = FakeMessages.started(80).toBuilder();
    started.getStartedBuilder().getFormatBuilder().setSampleRateHz(384_000).setChannelCount(64);
    stream.onNext(started.build());
    assertThat(code.get(20, TimeUnit.SECONDS)).isEqualTo(1);
    assertThat(cli.err())
        .startsWith("output: none (expected: an output device that plays 384000/64/s16le; ")
        .hasLineCount(1);
    while (!stream.isCancelled()) {
      Thread.onSpinWait();
    }
  }
}
