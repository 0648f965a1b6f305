package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.access.RejectionLog;
import dev.lavalier.access.TlsFiles;
import dev.lavalier.common.TimeSource;
import dev.lavalier.testing.Certificates;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Listeners for protocols other than HTTP/2. */
final class NettyTransportTest {

  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  @TempDir private Path dir;

  private static NettyTransport<Executor> transport(int maxConnections, Optional<ServerTls> tls) {
    TransportLimits limits =
        new TransportLimits(
            maxConnections, 1, 256, 1_024, Duration.ofSeconds(10), 1, Duration.ofSeconds(10));
    TimeSource timeSource = TimeSource.system();
    return new NettyTransport<>(
        limits, tls, new RejectionLog(timeSource), true, executor -> executor);
  }

  private static void echo(Channel connection) {
    connection
        .pipeline()
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext context, Object message) {
                var unused = context.writeAndFlush(message);
              }
            });
  }

  private static void assertEchoes(Socket socket) throws IOException {
    socket.getOutputStream().write(42);
    assertThat(socket.getInputStream().read()).isEqualTo(42);
  }

  private static Socket connect(Channel listener) throws IOException {
    Socket socket = new Socket();
    socket.setSoTimeout(10_000);
    socket.connect(listener.localAddress());
    return socket;
  }

  @Test
  void listenersShareTheConnectionLimit() throws Exception {
    try (NettyTransport<Executor> transport = transport(1, Optional.empty())) {
      Channel one = transport.listen(ANY_PORT, "one", NettyTransportTest::echo);
      Channel other = transport.listen(ANY_PORT, "other", NettyTransportTest::echo);
      try (Socket first = connect(one)) {
        assertEchoes(first);
        try (Socket second = connect(other)) {
          assertThat(second.getInputStream().read()).isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void eachListenerSelectsItsProtocolInTls() throws Exception {
    Certificates certificates = Certificates.in(dir).ca("ca").signed("server", "/CN=server", "ca");
    ServerTls tls =
        new ServerTls(
            new TlsFiles(
                certificates.file("server.pem"),
                certificates.file("server.key"),
                Optional.empty()));
    try (NettyTransport<Executor> transport = transport(3, Optional.of(tls))) {
      for (String protocol : new String[] {"one", "other", "one"}) {
        Channel listener = transport.listen(ANY_PORT, protocol, NettyTransportTest::echo);
        try (SSLSocket socket =
            certificates.secure(connect(listener), "ca", "h2", "other", "one")) {
          assertEchoes(socket);
          assertThat(socket.getApplicationProtocol()).isEqualTo(protocol);
        }
        listener.close().sync();
      }
    }
  }
}
