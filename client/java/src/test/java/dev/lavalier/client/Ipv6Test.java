package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests connections to a server on an IPv6 address. */
final class Ipv6Test {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** The address ::1. */
  private static final byte[] LOOPBACK = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

  @TempDir Path dir;

  private final BlockingQueue<String> callers = new LinkedBlockingQueue<>();
  private Server server;

  @AfterEach
  void stopServer() {
    if (server != null) {
      server.shutdownNow();
    }
  }

  private static InetAddress loopback() throws IOException {
    InetAddress address = InetAddress.getByAddress(LOOPBACK);
    try {
      new ServerSocket(0, 1, address).close();
    } catch (IOException e) {
      assumeTrue(false, "this machine has no address ::1: " + e.getMessage());
    }
    return address;
  }

  /** Starts a server without devices that records each call's authority and credential. */
  private int start(InetAddress address, Certificates certificates) throws IOException {
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(new InetSocketAddress(address, 0))
            .addService(new NoDevices())
            .intercept(new CallRecorder());
    if (certificates != null) {
      builder.sslContext(
          GrpcSslContexts.forServer(
                  certificates.file("server.pem").toFile(),
                  certificates.file("server.key").toFile())
              .build());
    }
    server = builder.build().start();
    return server.getPort();
  }

  private static final class NoDevices extends AudioCaptureGrpc.AudioCaptureImplBase {
    @Override
    public void listDevices(
        ListDevicesRequest request, StreamObserver<ListDevicesResponse> observer) {
      observer.onNext(ListDevicesResponse.getDefaultInstance());
      observer.onCompleted();
    }
  }

  private final class CallRecorder implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      callers.add(call.getAuthority() + " " + headers.get(AUTHORIZATION));
      return next.startCall(call, headers);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"[::1]", "[0:0:0:0:0:0:0:1]"})
  void loopbackIsReachedAndGetsTheToken(String host) throws Exception {
    String name = host + ":" + start(loopback(), null);
    try (LavalierClient client = LavalierClient.connect(name)) {
      assertThat(client.listDevices()).isEmpty();
    }
    try (LavalierClient client =
        LavalierClient.connect(ConnectOptions.builder(name).token("lav1.me").build())) {
      assertThat(client.listDevices()).isEmpty();
    }
    assertThat(callers).containsExactly(name + " null", name + " Bearer lav1.me");
  }

  @Test
  void certificateIsVerifiedForTheAddress() throws Exception {
    InetAddress loopback = loopback();
    Certificates certificates =
        Certificates.in(dir).ca("ca").signedFor("IP:::1", "server", "/CN=server", "ca");
    int port = start(loopback, certificates);
    for (String host : new String[] {"[::1]", "[0:0:0:0:0:0:0:1]"}) {
      ConnectOptions options =
          ConnectOptions.builder(host + ":" + port).ca(certificates.file("ca.pem")).build();
      try (LavalierClient client = LavalierClient.connect(options)) {
        assertThat(client.listDevices()).isEmpty();
      }
    }
  }

  @Test
  void linkLocalAddressIsReachedByInterface() throws Exception {
    Inet6Address address =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(each -> each instanceof Inet6Address && each.isLinkLocalAddress())
            .map(each -> (Inet6Address) each)
            .findFirst()
            .orElse(null);
    assumeTrue(address != null, "this machine has no link-local IPv6 address");
    int port = start(address, null);
    String scoped = address.getHostAddress(); // with the name of the interface
    try (LavalierClient client = LavalierClient.connect("[" + scoped + "]:" + port)) {
      assertThat(client.listDevices()).isEmpty();
    }
    String unscoped = scoped.substring(0, scoped.indexOf('%'));
    assertThat(callers).containsExactly("[" + unscoped + "]:" + port + " null");
  }
}
