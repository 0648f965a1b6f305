package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.access.TlsFiles;
import dev.lavalier.testing.Certificates;
import dev.lavalier.testing.RawHttp2Client;
import dev.lavalier.testing.RawHttp2Client.Frame;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A server of direct streams over TCP, without gRPC, and its clients. */
abstract class DirectStreamFixture {

  static final int LARGE = 1 << 30;

  private final List<RawHttp2Client> clients = new ArrayList<>();
  Http2Server server;

  @TempDir private static Path dir;
  private static Certificates certificates;

  /** Returns whether the connections of this test have TLS. */
  boolean tls() {
    return false;
  }

  @BeforeAll
  static void createCertificates() throws Exception {
    certificates = Certificates.in(dir).ca("ca").signed("one", "/CN=one", "ca");
  }

  @BeforeEach
  void start() throws Exception {
    server = server(true);
  }

  Http2Server server(boolean directFrames) throws Exception {
    TlsFiles files =
        new TlsFiles(certificates.file("one.pem"), certificates.file("one.key"), Optional.empty());
    return new Http2Server(
        directFrames, tls() ? Optional.of(new ServerTls(files)) : Optional.empty());
  }

  @AfterEach
  void stop() throws Exception {
    for (RawHttp2Client client : clients) {
      client.close();
    }
    server.close();
  }

  RawHttp2Client connect(int initialWindow) throws Exception {
    return connect(new Socket(), initialWindow);
  }

  RawHttp2Client connect(Socket socket, int initialWindow) throws Exception {
    socket.connect(server.address());
    RawHttp2Client client =
        RawHttp2Client.over(
            tls() ? certificates.secure(socket, "ca", "h2") : socket, initialWindow);
    clients.add(client);
    return client;
  }

  static void assertData(Frame frame, int stream, int bytes, int value) {
    assertThat(frame.type()).isEqualTo(RawHttp2Client.DATA);
    assertThat(frame.flags()).isZero();
    assertThat(frame.stream()).isEqualTo(stream);
    assertThat(frame.payload()).isEqualTo(Http2Server.payload(bytes, value));
  }

  static Frame readData(RawHttp2Client client) throws Exception {
    return client.readUntil(RawHttp2Client.DATA, false);
  }
}
