package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.access.TlsFiles;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.ServerTls;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.netty.UnixSocket;
import dev.lavalier.testing.Certificates;
import dev.lavalier.testing.RawHttp2Client;
import dev.lavalier.testing.TcpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Tests frames that are sent directly over Unix sockets and under TLS. */
final class DirectFramesTransportTest {

  private static final int LARGE = 1 << 30;
  private static final int FRAME = 160; // samples: 10 ms

  @TempDir private Path dir;
  private TcpServer server;
  private RawSubscriber subscriber;

  @AfterEach
  void stop() throws IOException {
    if (subscriber != null) {
      subscriber.close();
    }
    server.close();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void unixSocketSendsFramesDirectly() throws Exception {
    Path path = dir.resolve("s");
    server =
        TcpServer.start(
            new UnixSocket(path, PosixFilePermissions.fromString("rw-------")),
            "16000/1/s16le",
            HubConfig.DEFAULTS,
            TransportLimits.DEFAULTS,
            TcpServer.Access.UNRESTRICTED);
    subscriber = new RawSubscriber(RawHttp2Client.connect(path, LARGE));
    subscriber.pull(1, FRAME, 20);

    subscriber.assertInOrder(1, FRAME, 20);
    assertThat(server.directMessages()).isBetween(10L, 20L); // not if bytes wait for the socket
  }

  @Test
  void tlsSendsFramesDirectly() throws Exception {
    startTls();
    subscriber = new RawSubscriber(RawHttp2Client.over(tlsSocket(), LARGE));
    subscriber.pull(1, FRAME, 20);

    subscriber.assertInOrder(1, FRAME, 20);
    assertThat(server.directMessages()).isBetween(10L, 20L); // not if bytes wait for the socket
  }

  @Test
  void windowsAreNotExceededUnderTls() throws Exception {
    startTls();
    subscriber = new RawSubscriber(RawHttp2Client.over(tlsSocket(), 700));
    subscriber.assertWindowsAreKept(700, 100);
    assertThat(server.directMessages()).isPositive();
  }

  private void startTls() throws Exception {
    Certificates certificates = Certificates.in(dir).ca("ca").signed("one", "/CN=one", "ca");
    ServerTls tls =
        new ServerTls(
            new TlsFiles(
                certificates.file("one.pem"), certificates.file("one.key"), Optional.empty()));
    server =
        TcpServer.start(
            "16000/1/s16le",
            HubConfig.DEFAULTS,
            new TcpServer.Access(
                Optional.empty(), Optional.of(tls), TimeSource.system(), Runnable::run));
  }

  private Socket tlsSocket() throws IOException {
    Socket tcp = new Socket(InetAddress.getLoopbackAddress(), server.port());
    return Certificates.in(dir).secure(tcp, "ca", "h2");
  }
}
