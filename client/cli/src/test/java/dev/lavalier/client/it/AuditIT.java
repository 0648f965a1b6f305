package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the reason that a real server logs for each way in which a subscription ends. */
@SlowTest
@WaitingTest
final class AuditIT {

  private static final StreamOptions TONE =
      StreamOptions.builder().deviceId("tone").maxLatency(Duration.ofSeconds(10)).build();
  private static final String MICROPHONE_ON = "microphone on device=tone";

  @TempDir Path folder;

  /** Waits until the audit log has a line with these parts, in this order. */
  private static void awaitLine(ServerProcess server, String... pieces) throws Exception {
    server.awaitLog(".* audit " + String.join(".*", pieces) + ".*");
  }

  private Process recorder(ServerProcess server, String name) throws Exception {
    return new ProcessBuilder(
            ProcessRunner.lavalier(
                "--server",
                server.address(),
                "record",
                "--device",
                "tone",
                folder.resolve(name).toString()))
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve(name + ".log").toFile())
        .start();
  }

  @Test
  void cancelledSubscriptionIsLogged() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of());
        LavalierClient client = server.client()) {
      try (FrameStream stream = client.stream(TONE)) {
        stream.read();
        awaitLine(server, MICROPHONE_ON);
        awaitLine(server, "subscription began id=1 who=anonymous from=127\\.0\\.0\\.1:\\d+ ");
      }
      awaitLine(server, "subscription ended id=1 ", "why=\"cancelled by the subscriber\"");
      awaitLine(server, "microphone off device=tone ", "why=\"no subscriptions left\"");
    }
  }

  @Test
  void expiredDeadlineIsLogged() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of())) {
      ManagedChannel channel =
          NettyChannelBuilder.forTarget(server.address()).usePlaintext().build();
      try {
        var stream =
            AudioCaptureGrpc.newBlockingStub(channel)
                .withDeadlineAfter(1, TimeUnit.SECONDS)
                .streamFrames(StreamFramesRequest.newBuilder().setDeviceId("tone").build());
        stream.forEachRemaining(message -> {});
      } catch (StatusRuntimeException e) {
        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      } finally {
        channel.shutdownNow();
      }
      // Either the server's or the client's clock may detect it first.
      awaitLine(
          server,
          "subscription ended id=1 ",
          "why=\"(its deadline passed|cancelled by the subscriber)\"");
    }
  }

  @Test
  void killedProcessIsLogged() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of())) {
      Process recorder = recorder(server, "killed.wav");
      try {
        awaitLine(server, MICROPHONE_ON);
      } finally {
        recorder.destroyForcibly().waitFor();
      }
      // If frames lie unread in its socket, the kernel resets the connection and does not close it.
      awaitLine(
          server,
          "subscription ended id=1 ",
          "why=\"its connection was (closed|lost: io exception)\"");
    }
  }

  @Test
  void unresponsiveProcessIsLogged() throws Exception {
    assumeTrue(ProcessRunner.succeeds("kill", "-l"), "there is no kill");
    try (ServerProcess server = ServerProcess.start(Map.of())) {
      Process recorder = recorder(server, "stopped.wav");
      try {
        awaitLine(server, MICROPHONE_ON);
        ProcessRunner.run(List.of("kill", "-STOP", Long.toString(recorder.pid())));
        awaitLine(
            server, "subscription ended id=1 ", "why=\"its connection was lost: ", "eepalive");
        awaitLine(server, "microphone off device=tone ");
      } finally {
        recorder.destroyForcibly().waitFor();
      }
    }
  }
}
