package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.Device;
import dev.lavalier.client.DeviceState;
import dev.lavalier.client.DeviceWatch;
import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls through nginx, which ends a call if no byte comes for its timeouts. */
@SlowTest
@WaitingTest
final class NginxIT {

  /** Longer than the server's interval of pings, which is 10 s at least. */
  private static final int TIMEOUT_SECONDS = 15;

  private static final int SILENT_SECONDS = 35;

  @TempDir Path dir;

  private static String nginx() {
    return List.of("nginx", "/usr/sbin/nginx").stream()
        .filter(program -> ProcessRunner.succeeds(program, "-v"))
        .findFirst()
        .orElse("");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private Process start(String program, int port, String server) throws Exception {
    Path config =
        Files.writeString(
            dir.resolve("nginx.conf"),
            """
            daemon off;
            pid DIR/nginx.pid;
            error_log DIR/error.log;
            events {}
            http {
              access_log off;
              client_body_temp_path DIR/1;
              proxy_temp_path DIR/2;
              fastcgi_temp_path DIR/3;
              uwsgi_temp_path DIR/4;
              scgi_temp_path DIR/5;
              client_body_timeout SECONDS;
              send_timeout SECONDS;
              keepalive_timeout SECONDS;
              grpc_read_timeout SECONDS;
              grpc_send_timeout SECONDS;
              client_max_body_size 0;
              server {
                listen 127.0.0.1:PORT http2;
                location / { grpc_pass grpc://SERVER; }
              }
            }
            """
                .replace("DIR", dir.toString())
                .replace("SECONDS", TIMEOUT_SECONDS + "s")
                .replace("PORT", Integer.toString(port))
                .replace("SERVER", server));
    Process process =
        new ProcessBuilder(
                program, "-c", config.toString(), "-e", dir.resolve("error.log").toString())
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("out").toFile())
            .start();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!accepts(port)) {
      assertThat(System.nanoTime()).as("the start of nginx").isLessThan(deadline);
    }
    return process;
  }

  private static boolean accepts(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void silentCallsOutliveTimeouts() throws Exception {
    String program = nginx();
    assumeTrue(!program.isEmpty(), "nginx is not installed (Debian: nginx)");
    int port = freePort();
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo", "--stall-limit-s", "600")) {
      Process nginx = start(program, port, server.address());
      ManagedChannel channel =
          ManagedChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
      try (LavalierClient client = LavalierClient.connect("127.0.0.1:" + port);
          DeviceWatch watch = client.watchDevices();
          FrameStream stream =
              client.stream(
                  StreamOptions.builder()
                      .reconnect(Duration.ZERO)
                      .maxLatency(Duration.ofSeconds(20))
                      .build())) {
        CompletableFuture<Void> pulled = pullOneFrame(channel);
        long start = stream.read().captureTimeUnixNanos();
        while (watch.read().stream().noneMatch(NginxIT::isOpenForBoth)) {
          // a change of the two streams
        }
        CompletableFuture<Object> watched = CompletableFuture.supplyAsync(() -> read(watch));
        Frame frame = stream.read();
        while (frame.captureTimeUnixNanos() - start < TimeUnit.SECONDS.toNanos(SILENT_SECONDS)) {
          frame = stream.read(); // it throws if nginx ends the stream
        }
        assertThat(watched).isNotDone();
        assertThat(pulled).isNotDone();
      } finally {
        channel.shutdownNow();
        nginx.destroy();
        nginx.waitFor();
      }
    }
  }

  private static boolean isOpenForBoth(Device device) {
    return device.state() == DeviceState.OPEN && device.subscriberCount() == 2;
  }

  private static Object read(DeviceWatch watch) {
    try {
      return watch.read();
    } catch (LavalierException e) {
      return e;
    }
  }

  /** Grants credit for one frame, and then nothing; the future completes if the call ends. */
  private static CompletableFuture<Void> pullOneFrame(ManagedChannel channel) {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    AudioCaptureGrpc.newStub(channel)
        .pullFrames(
            new StreamObserver<StreamFramesResponse>() {
              @Override
              public void onNext(StreamFramesResponse message) {}

              @Override
              public void onError(Throwable t) {
                ended.completeExceptionally(t);
              }

              @Override
              public void onCompleted() {
                ended.complete(null);
              }
            })
        .onNext(
            PullFramesRequest.newBuilder()
                .setSubscribe(StreamFramesRequest.getDefaultInstance())
                .setCredit(1)
                .build());
    return ended;
  }
}
