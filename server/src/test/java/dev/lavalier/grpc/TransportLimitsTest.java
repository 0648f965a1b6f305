package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.testing.RawCall;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.ListDevicesRequest;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the statuses beyond each limit of the transport, over TCP. */
final class TransportLimitsTest {

  private static final TransportLimits LIMITS = limits(Duration.ofSeconds(30));

  private TcpServer server;
  private ManagedChannel channel;

  private static TransportLimits limits(Duration handshakeTimeout) {
    return new TransportLimits(2, 10, 1_000, 2_000, handshakeTimeout, 50, Duration.ofSeconds(10));
  }

  @BeforeEach
  void start() throws Exception {
    start(LIMITS);
  }

  private void start(TransportLimits limits) throws IOException {
    server = TcpServer.start("16000/1/s16le", HubConfig.DEFAULTS, limits);
    channel = NettyChannelBuilder.forAddress("localhost", server.port()).usePlaintext().build();
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    server.close();
  }

  private static void assertEnds(RawCall call, Status.Code code, String description)
      throws Exception {
    Status seen = call.status();
    assertThat(seen.getDescription()).isEqualTo(description);
    assertThat(seen.getCode()).isEqualTo(code);
  }

  private static MethodDescriptor<?, ?> method(String name) {
    return AudioCaptureGrpc.getServiceDescriptor().getMethods().stream()
        .filter(m -> name.equals(m.getBareMethodName()))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ListDevices",
        "WatchDevices",
        "StreamFrames",
        "PullFrames",
        "StreamLevels",
        "GetServerInfo"
      })
  void longRequestIsRejected(String name) throws Exception {
    RawCall call = RawCall.start(channel, method(name));
    call.send(new byte[1_001]);
    call.halfClose();
    assertEnds(
        call, Status.Code.RESOURCE_EXHAUSTED, "gRPC message exceeds maximum size 1000: 1001");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ListDevices",
        "WatchDevices",
        "StreamFrames",
        "PullFrames",
        "StreamLevels",
        "GetServerInfo"
      })
  void malformedRequestIsRejected(String name) throws Exception {
    RawCall call = RawCall.start(channel, method(name));
    call.send(new byte[] {-1, -1, -1});
    call.halfClose();
    assertEnds(
        call,
        Status.Code.INVALID_ARGUMENT,
        "request: malformed (expected: a message of lavalier.v1.AudioCapture/" + name + ")");
  }

  @Test
  void malformedMessageInStreamEndsCall() throws Exception {
    RawCall call = RawCall.start(channel, method("PullFrames"));
    call.send(new byte[] {0x0a, 0, 0x10, 1}); // subscribe {}, credit 1
    awaitSubscribers(1);
    call.send(new byte[] {-1});
    assertEnds(
        call,
        Status.Code.INVALID_ARGUMENT,
        "request: malformed (expected: a message of lavalier.v1.AudioCapture/PullFrames)");
    awaitSubscribers(0);
  }

  private void awaitSubscribers(int count) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (server.hub().subscriptions().size() != count) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  @Test
  void malformedRequestOfStandardServiceIsRejected() throws Exception {
    RawCall call = RawCall.start(channel, HealthGrpc.getCheckMethod());
    call.send(new byte[] {-1});
    call.halfClose();
    assertEnds(
        call,
        Status.Code.INVALID_ARGUMENT,
        "request: malformed (expected: a message of grpc.health.v1.Health/Check)");
  }

  @Test
  void compressedRequestIsRejected() {
    assertThat(list(AudioCaptureGrpc.newBlockingStub(channel).withCompression("gzip"), 1).getCode())
        .isEqualTo(Status.Code.UNIMPLEMENTED);
  }

  @Test
  void callWithoutRequestTimesOut() throws Exception {
    stop();
    start(limits(Duration.ofSeconds(2)));
    List<RawCall> calls = new ArrayList<>(); // at the same time, so that all wait only once
    for (String name :
        List.of(
            "ListDevices",
            "WatchDevices",
            "StreamFrames",
            "PullFrames",
            "StreamLevels",
            "GetServerInfo")) {
      // A client sends the headers of a unary call with its message, and those of a stream at once.
      calls.add(
          RawCall.start(
              channel, method(name).toBuilder().setType(MethodType.BIDI_STREAMING).build()));
    }
    for (RawCall call : calls) {
      assertEnds(
          call,
          Status.Code.DEADLINE_EXCEEDED,
          "request: none (expected: within 2 s; handshake-timeout-s)");
    }
  }

  @Test
  void metadataBeyondLimitIsRejected() {
    AudioCaptureGrpc.AudioCaptureBlockingStub stub = AudioCaptureGrpc.newBlockingStub(channel);
    assertThat(list(stub, 1_500).getCode()).isEqualTo(Status.Code.OK);
    Status refused = list(stub, 2_000);
    assertThat(refused.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(refused.getDescription())
        .matches(
            "metadata: 2\\d\\d\\d bytes \\(expected: no more than 2000; max-metadata-bytes\\)");
    // Larger than the limit that the server announces, so the client does not send it.
    assertThat(list(stub, 4_500).getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(list(stub, 1_500).getCode()).isEqualTo(Status.Code.OK);
  }

  private static Status list(AudioCaptureGrpc.AudioCaptureBlockingStub stub, int bytes) {
    Metadata metadata = new Metadata();
    metadata.put(Metadata.Key.of("x-filling", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(bytes));
    try {
      stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
          .listDevices(ListDevicesRequest.getDefaultInstance());
      return Status.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
  }

  @Test
  void connectionBeyondLimitIsClosedAndLimitIsFreedAgain() throws Exception {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (Socket one = new Socket(loopback, server.port());
        Socket two = new Socket(loopback, server.port())) {
      assertThat(one.getInputStream().read()).isNotNegative(); // the server's settings
      assertThat(two.getInputStream().read()).isNotNegative();
      try (Socket three = new Socket(loopback, server.port())) {
        assertThat(readToTheEnd(three)).isZero();
      }
    }
    AudioCaptureGrpc.AudioCaptureBlockingStub stub =
        AudioCaptureGrpc.newBlockingStub(channel).withWaitForReady();
    assertThat(list(stub, 1)).isEqualTo(Status.OK);
  }

  /** The server keeps no more than this of messages that a call does not read yet. */
  @Test
  void windowForRequestsIsSmall() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      int length = (in.readUnsignedByte() << 16) | in.readUnsignedShort();
      assertThat(in.readUnsignedByte()).isEqualTo(4); // SETTINGS
      in.skipNBytes(5); // flags and stream
      Map<Integer, Integer> settings = new HashMap<>();
      for (int i = 0; i < length / 6; i++) {
        settings.put(in.readUnsignedShort(), in.readInt());
      }
      assertThat(settings).containsEntry(4, 64 << 10); // INITIAL_WINDOW_SIZE
    }
  }

  private static int readToTheEnd(Socket socket) {
    try {
      return socket.getInputStream().readAllBytes().length;
    } catch (IOException e) {
      return 0; // the server reset the connection
    }
  }
}
