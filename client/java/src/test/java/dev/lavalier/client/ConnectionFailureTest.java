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
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

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

  /** The queue of a socket that accepts nothing is full, so the system discards connections. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void connectionThatIsNotAcceptedEndsAfterTheConnectTimeout() throws Exception {
    List<Socket> waiting = new ArrayList<>();
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      while (connects(full, waiting)) {
        assertThat(waiting).hasSizeLessThan(100);
      }
      String name = "127.0.0.1:" + full.getLocalPort();
      ConnectOptions options =
          ConnectOptions.builder(name).connectTimeout(Duration.ofMillis(200)).build();
      StreamOptions stream = StreamOptions.builder().format("16000/1/s16le").build();
      try (LavalierClient client = LavalierClient.connect(options)) {
        for (ThrowingCallable call :
            List.<ThrowingCallable>of(client::listDevices, () -> client.stream(stream))) {
          assertThatExceptionOfType(LavalierException.class)
              .isThrownBy(call)
              .withMessage(
                  "server: %s (expected: a Lavalier server; no connection in 200 ms; check the"
                      + " address and the firewall)",
                  name)
              .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
        }
      }
    } finally {
      for (Socket each : waiting) {
        each.close();
      }
    }
  }

  private static boolean connects(ServerSocket server, List<Socket> sockets) throws IOException {
    Socket socket = new Socket();
    sockets.add(socket);
    try {
      socket.connect(server.getLocalSocketAddress(), 1_000);
      return true;
    } catch (SocketTimeoutException e) {
      return false;
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
    assertThat(ConnectionFailure.reason(new ConnectTimeoutException("too late")))
        .isEqualTo("no connection in time; check the address and the firewall");
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
    assertThat(ConnectionFailure.silence(400, false)).isEqualTo("it did not answer in 400 ms");
    assertThat(ConnectionFailure.silence(5_000, true))
        .isEqualTo("it accepted the connection, but did not answer in 5 s");
    Endpoint address = new Endpoint(ConnectOptions.builder("127.0.0.1:1").build());
    assertThat(address.silence(4_999_999_999L).getDescription()).contains("; it did not answer");
    assertThat(address.silence(5_000_000_000L).getDescription()).contains("; it accepted");
    Endpoint name = new Endpoint(ConnectOptions.builder("studio.example:1").build());
    assertThat(name.silence(5_000_000_000L).getDescription()).contains("; it did not answer");
  }
}
