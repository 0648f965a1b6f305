package dev.lavalier.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.service.CallObserver;
import dev.lavalier.testing.HttpSocket;
import dev.lavalier.testing.TcpServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A server of the tone with a web port, for each test. */
final class WebFixture implements AfterEachCallback {

  static final String SERVICE = "/lavalier.v1.AudioCapture/";
  static final String PROTOCOL = "lavalier.v1";

  private final List<HttpSocket> sockets = new ArrayList<>();
  private TcpServer server;
  private int port;

  /** Returns limits with a handshake timeout and a time before a keepalive ping. */
  static TransportLimits limits(Duration handshakeTimeout, Duration keepalive) {
    return new TransportLimits(100, 10, 1_000, 2_000, handshakeTimeout, 50, keepalive);
  }

  /** Starts a server without access control. */
  WebFixture start() throws IOException {
    return start(limits(Duration.ofSeconds(30), Duration.ofSeconds(30)));
  }

  WebFixture start(TransportLimits limits) throws IOException {
    return start(TcpServer.start("16000/1/s16le", HubConfig.DEFAULTS, limits), CallObserver.NONE);
  }

  /** Opens the web port of a server, which is closed after the test. */
  WebFixture start(TcpServer started, CallObserver observer, String... origins) throws IOException {
    server = started;
    port = server.startWeb(observer, origins);
    return this;
  }

  int port() {
    return port;
  }

  TcpServer server() {
    return server;
  }

  /** Returns a new connection, which is closed after the test. */
  HttpSocket connect() throws IOException {
    return add(new HttpSocket(port));
  }

  HttpSocket add(HttpSocket socket) {
    sockets.add(socket);
    return socket;
  }

  /** Returns a new WebSocket for a method. */
  HttpSocket open(String method, String... headers) throws IOException {
    return open(connect(), method, PROTOCOL, headers);
  }

  static HttpSocket open(HttpSocket socket, String method, String protocols, String... headers)
      throws IOException {
    HttpSocket.Response response = socket.upgrade(SERVICE + method, protocols, headers);
    assertThat(response.status()).as(response.body()).isEqualTo(101);
    assertThat(response.header("Sec-WebSocket-Protocol")).contains(PROTOCOL);
    return socket;
  }

  /** Waits until the hub has a number of subscriptions, for at most 10 s. */
  void awaitSubscribers(int count) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (server.hub().subscriptions().size() != count) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  static void assertEnds(HttpSocket call, int code, String reason) throws IOException {
    HttpSocket.Frame close = call.closeFrame();
    assertThat(close.closeReason()).isEqualTo(reason);
    assertThat(close.closeCode()).isEqualTo(code);
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    for (HttpSocket socket : sockets) {
      socket.close();
    }
    if (server != null) {
      server.close();
    }
  }
}
