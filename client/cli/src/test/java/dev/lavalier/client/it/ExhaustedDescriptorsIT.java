package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A server that has no file descriptors left, because more peers connect than its limit allows. */
@SlowTest
final class ExhaustedDescriptorsIT {

  private static final int LIMIT = 160;
  private static final int PEERS = 300;
  private static final int SPARE = 2;

  @Test
  void streamMissesNothingAndServerRecovers() throws Exception {
    List<Socket> peers = new ArrayList<>();
    try (ServerProcess server = ServerProcess.startWithDescriptors(LIMIT, "--demo");
        LavalierClient client = server.client();
        FrameStream stream =
            client.stream(StreamOptions.builder().maxLatency(Duration.ofSeconds(20)).build())) {
      stream.read();
      int port = Integer.parseInt(server.address().replaceFirst(".*:", ""));
      for (int i = 0; i < PEERS; i++) {
        peers.add(new Socket(InetAddress.getLoopbackAddress(), port)); // waits in the backlog
      }
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (ProcessRunner.count(server.pid(), "fd") < LIMIT - SPARE) {
        assertThat(System.nanoTime()).as("time of the exhaustion").isLessThan(deadline);
        assertNoGap(stream.read());
      }
      assertThat(server.awaitCpuBelow(0.5)).isLessThan(0.5);
      for (int i = 0; i < 100; i++) {
        assertNoGap(stream.read());
      }
      close(peers);
      try (LavalierClient next = server.client()) {
        assertThat(next.listDevices()).isNotEmpty();
      }
      assertNoGap(stream.read());
    } finally {
      close(peers);
    }
  }

  private static void assertNoGap(Frame frame) {
    assertThat(frame.gap()).isEmpty();
  }

  private static void close(List<Socket> peers) throws IOException {
    for (Socket peer : peers) {
      peer.close();
    }
  }
}
