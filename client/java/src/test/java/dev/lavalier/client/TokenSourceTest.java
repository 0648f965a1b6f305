package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.ListDevicesResponse;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests tokens that change while a client runs. */
final class TokenSourceTest {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final List<String> received = new CopyOnWriteArrayList<>();
  private Server server;

  private final class Recorder implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      received.add(headers.get(AUTHORIZATION));
      return next.startCall(call, headers);
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

  @BeforeEach
  void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(new NoDevices())
            .intercept(new Recorder())
            .build()
            .start();
  }

  @AfterEach
  void stop() {
    server.shutdownNow();
  }

  private ConnectOptions.Builder options() {
    return ConnectOptions.builder("127.0.0.1:" + server.getPort());
  }

  @Test
  void eachCallHasTheCurrentToken() throws Exception {
    Queue<String> tokens = new ArrayDeque<>(List.of("first", "second"));
    try (LavalierClient client =
        LavalierClient.connect(options().tokenSource(tokens::remove).build())) {
      client.listDevices();
      client.listDevices();
    }
    assertThat(received).containsExactly("Bearer first", "Bearer second");
  }

  @Test
  void sourceWithoutValidTokenFailsEachCall() throws Exception {
    for (String token : new String[] {null, "", "se cret", "secret\n"}) {
      assertNotAuthenticated(
          options().tokenSource(() -> token).build(),
          "token: invalid, and not shown (expected: letters, digits and -._~+/=, in one line)");
    }
    assertNotAuthenticated(
        options()
            .tokenSource(
                () -> {
                  throw new IllegalStateException("secret");
                })
            .build(),
        "token: none (expected: one from the token source; it threw IllegalStateException)");
    assertThat(received).isEmpty();
  }

  private static void assertNotAuthenticated(ConnectOptions options, String message)
      throws LavalierException {
    StreamOptions stream = StreamOptions.builder().format("16000/1/s16le").build();
    try (LavalierClient client = LavalierClient.connect(options);
        DeviceWatch watch = client.watchDevices(Duration.ofMinutes(5))) {
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              client::listDevices,
              client::serverInfo,
              () -> client.stream(stream),
              () -> client.streamLevels(LevelOptions.defaults()),
              watch::read)) {
        assertThatExceptionOfType(LavalierException.class)
            .isThrownBy(call)
            .withMessage(message)
            .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.NOT_AUTHENTICATED));
      }
    }
  }
}
