package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.testing.Certificates;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.ListDevicesResponse;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests a server whose name is not that of the address, as behind a tunnel. */
final class ServerNameTest {

  private static final StreamOptions OPTIONS =
      StreamOptions.builder().format("16000/1/s16le").build();

  @TempDir Path dir;

  private final List<String> authorities = new CopyOnWriteArrayList<>();
  private Server server;

  @AfterEach
  void stop() {
    if (server != null) {
      server.shutdownNow();
    }
  }

  private static final class NoDevices extends AudioCaptureGrpc.AudioCaptureImplBase {
    @Override
    public void listDevices(
        ListDevicesRequest request, StreamObserver<ListDevicesResponse> observer) {
      observer.onNext(ListDevicesResponse.getDefaultInstance());
      observer.onCompleted();
    }
  }

  private final class AuthorityRecorder implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      authorities.add(call.getAuthority());
      return next.startCall(call, headers);
    }
  }

  private NettyServerBuilder builder() {
    return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .addService(new NoDevices())
        .intercept(new AuthorityRecorder());
  }

  private String address() {
    return "127.0.0.1:" + server.getPort();
  }

  @Test
  void certificateIsVerifiedForTheServerName() throws Exception {
    Certificates certificates =
        Certificates.in(dir)
            .ca("ca")
            .signedFor("DNS:studio.example", "server", "/CN=studio.example", "ca");
    server =
        builder()
            .sslContext(
                GrpcSslContexts.forServer(
                        certificates.file("server.pem").toFile(),
                        certificates.file("server.key").toFile())
                    .build())
            .build()
            .start();
    ConnectOptions byAddress =
        ConnectOptions.builder(address()).ca(certificates.file("ca.pem")).build();
    assertCalled(byAddress.toBuilder().serverName("studio.example").build(), "studio.example");
    assertTlsFails(byAddress, "server: %s (expected: a certificate for that name; ");
    assertTlsFails(
        byAddress.toBuilder().serverName("hall.example").build(),
        "serverName: hall.example (expected: a name in the certificate of %s; ");
  }

  /** Calls on the connection of the client, and on that of a stream. */
  private void assertCalled(ConnectOptions options, String authority) throws Exception {
    try (LavalierClient client = LavalierClient.connect(options)) {
      assertThat(client.listDevices()).isEmpty();
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(() -> client.stream(OPTIONS))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.NOT_SUPPORTED));
    }
    assertThat(authorities).containsExactly(authority, authority);
  }

  private void assertTlsFails(ConnectOptions options, String message) {
    try (LavalierClient client = LavalierClient.connect(options)) {
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(client::listDevices)
          .withMessageStartingWith(message.formatted(address()))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.TLS_FAILED));
    }
  }

  @Test
  void serverNameIsSentWithoutEncryption() throws Exception {
    server = builder().build().start();
    assertCalled(
        ConnectOptions.builder(address()).serverName("studio.example").build(), "studio.example");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "studio:1", "unix:/run/s", "[::1", "[fe80::1%eth0]", "a b", "me@studio"})
  void serverNameIsHostWithoutPort(String name) {
    ConnectOptions.Builder options = ConnectOptions.builder("127.0.0.1:1").serverName(name);
    assertThatIllegalArgumentException()
        .isThrownBy(options::build)
        .withMessage(
            "serverName: %s (expected: a host name without a port, for example studio.example)"
                .formatted(name));
  }
}
