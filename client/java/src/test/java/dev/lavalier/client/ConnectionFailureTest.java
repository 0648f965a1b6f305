package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.LavalierException.Kind;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Tests the line for a server that cannot be reached. */
final class ConnectionFailureTest {

  private static void assertUnreachable(String server, String reason, Kind kind) {
    try (LavalierClient client = LavalierClient.connect(server)) {
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(client::listDevices)
          .withMessage("server: %s (expected: a Lavalier server; %s)".formatted(server, reason))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(kind));
    }
  }

  @Test
  void refusedConnectionAsksForTheServer() {
    assertUnreachable(
        "127.0.0.1:1", "connection refused; is lavalier-server running?", Kind.UNAVAILABLE);
    assertUnreachable(
        "localhost:1", "connection refused; is lavalier-server running?", Kind.UNAVAILABLE);
  }

  @Test
  void unknownHostIsNamed() {
    assertUnreachable("no-such-host.invalid:1", "the host name is unknown", Kind.UNAVAILABLE);
    assertUnreachable("[fe80::1%nosuch0]:1", "no such interface nosuch0", Kind.UNAVAILABLE);
  }

  @Test
  void peerThatSpeaksAnotherProtocolIsReported() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread peer = new Thread(() -> answerInHttp1(socket), "http1-peer");
      peer.setDaemon(true);
      peer.start();
      assertUnreachable(
          "127.0.0.1:" + socket.getLocalPort(), "it does not speak HTTP/2", Kind.INTERNAL);
    }
  }

  private static void answerInHttp1(ServerSocket socket) {
    try (Socket peer = socket.accept()) {
      peer.getOutputStream()
          .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      peer.getInputStream().readAllBytes();
    } catch (IOException e) {
      // the client has closed the connection
    }
  }

  @Test
  void transportInternalsAreNotShown() {
    assertThat(
            ConnectionFailure.reason(
                new IOException(
                    "recvAddress(..) failed with error(-104): Connection reset by peer")))
        .isEqualTo("connection reset by peer");
    assertThat(
            ConnectionFailure.reason(
                new ConnectException(
                    "finishConnect(..) failed with error(-113): No route to host")))
        .isEqualTo("No route to host");
    assertThat(ConnectionFailure.reason(new ConnectException("Connection refused")))
        .isEqualTo("connection refused; is lavalier-server running?", Kind.UNAVAILABLE);
    assertThat(
            ConnectionFailure.reason(
                new ConnectTimeoutException("connection timed out after 5000 ms: /192.0.2.1:1")))
        .isEqualTo("no connection in 5 s; check the address and the firewall");
    assertThat(
            ConnectionFailure.reason(
                new IOException(new SslHandshakeTimeoutException("handshake timed out"))))
        .isEqualTo("it accepted the connection, but did not answer in 10 s");
    assertThat(ConnectionFailure.reason(new RuntimeException(new UnknownHostException("x"))))
        .isEqualTo("the host name is unknown");
  }

  @Test
  void connectionIsReportedOnlyIfThereWasOne() {
    assertThat(ConnectionFailure.silence(4_600, false)).isEqualTo("it did not answer in 5 s");
    assertThat(ConnectionFailure.silence(400, false)).isEqualTo("it did not answer in 1 s");
    assertThat(ConnectionFailure.silence(10_000, true)).isEqualTo("it did not answer in 10 s");
    assertThat(ConnectionFailure.silence(5_000, false))
        .isEqualTo("it accepted the connection, but did not answer in 5 s");
  }
}
