package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.lavalier.access.Credential;
import dev.lavalier.access.TlsFiles;
import dev.lavalier.access.TokenFile;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.netty.ServerTls;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.netty.UnixSocket;
import dev.lavalier.testing.Certificates;
import dev.lavalier.testing.LogEvents;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AdminGrpc;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.ListSubscriptionsRequest;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests calls over a Unix socket: who the caller is, and which limits it has. */
@EnabledOnOs(OS.LINUX)
final class UnixSocketServerTest {

  private static final String FORMAT = "48000/2/s16le";
  private static final TimeSource TIME = TimeSource.system();

  @TempDir Path dir;

  @RegisterExtension final LogEvents warnings = LogEvents.of("io.netty");

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final List<ManagedChannel> channels = new ArrayList<>();

  @AfterEach
  void closeChannels() {
    channels.forEach(ManagedChannel::shutdownNow);
    loops.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private Path path() {
    return dir.resolve("s");
  }

  private TcpServer start(HubConfig config, TransportLimits limits, TcpServer.Access access)
      throws Exception {
    return TcpServer.start(
        new UnixSocket(path(), PosixFilePermissions.fromString("rw-rw----")),
        FORMAT,
        config,
        limits,
        access);
  }

  private TcpServer start(TcpServer.Access access) throws Exception {
    return start(HubConfig.DEFAULTS, TransportLimits.DEFAULTS, access);
  }

  private TcpServer.Access access(String tokens, Optional<ServerTls> tls) throws Exception {
    Path file = dir.resolve("tokens");
    Files.writeString(file, tokens);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    return new TcpServer.Access(Optional.of(TokenFile.reloadable(file)), tls, TIME, Runnable::run);
  }

  private ManagedChannel newChannel() {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(path().toString()))
            .overrideAuthority("localhost")
            .eventLoopGroup(loops)
            .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
            .withOption(ChannelOption.SO_KEEPALIVE, null)
            .usePlaintext()
            .build();
    channels.add(channel);
    return channel;
  }

  private static int deviceCount(ManagedChannel channel) {
    return AudioCaptureGrpc.newBlockingStub(channel)
        .listDevices(ListDevicesRequest.getDefaultInstance())
        .getDevicesCount();
  }

  private static Status failure(ManagedChannel channel) {
    try {
      deviceCount(channel);
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
    throw new AssertionError("the call succeeded");
  }

  private static long uid() throws Exception {
    return ((Number) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).longValue();
  }

  private static TestSubscriber subscribe(ManagedChannel channel) throws Exception {
    TestSubscriber subscriber =
        TestSubscriber.subscribe(channel, StreamFramesRequest.getDefaultInstance()).requestAll();
    subscriber.nextStarted();
    subscriber.nextFrame();
    return subscriber;
  }

  @Test
  void callerIsKnownByItsUserAndEachConnectionByItsNumber() throws Exception {
    try (TcpServer server = start(TcpServer.Access.UNRESTRICTED)) {
      TestSubscriber first = subscribe(newChannel());
      TestSubscriber second = subscribe(newChannel());

      String address = "unix:uid:%d,pid:%d#".formatted(uid(), ProcessHandle.current().pid());
      assertThat(server.hub().subscriptions())
          .extracting(each -> each.subscriber().identity())
          .containsOnly("uid:" + uid());
      assertThat(server.hub().subscriptions())
          .extracting(each -> each.subscriber().address())
          .containsExactlyInAnyOrder(address + "1", address + "2");
      assertThat(
              AdminGrpc.newBlockingStub(newChannel())
                  .listSubscriptions(ListSubscriptionsRequest.getDefaultInstance())
                  .getSubscriptionsList())
          .allSatisfy(each -> assertThat(each.getAddress()).startsWith(address));
      first.cancel();
      second.cancel();
      assertThat(warnings.messages()).as("options that the socket does not have").isEmpty();
    }
    assertThat(path()).doesNotExist();
  }

  @Test
  void tokenFileDecidesByUserOrToken() throws Exception {
    String token = Credential.Token.of("secret").toString();
    String own = "me uid:" + uid() + " stream=*";
    String tokens = "ann " + token + " list=*\nother uid:4000000000 admin\n";
    try (TcpServer server = start(access(tokens, Optional.empty()))) {
      Status status = failure(newChannel());
      assertThat(status.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
      assertThat(status.getDescription())
          .isEqualTo(
              "authorization: unset (expected: a bearer token, or an entry for uid:%d in the token file)",
              uid());
      assertThat(
              AudioCaptureGrpc.newBlockingStub(newChannel())
                  .withInterceptors(bearer("secret"))
                  .listDevices(ListDevicesRequest.getDefaultInstance())
                  .getDevicesCount())
          .isEqualTo(1);
      assertThat(server.hub().subscriptions()).isEmpty();
    }
    try (TcpServer server = start(access(own + "\n", Optional.empty()))) {
      ManagedChannel channel = newChannel();
      TestSubscriber subscriber = subscribe(channel);
      assertThat(server.hub().subscriptions())
          .extracting(each -> each.subscriber().identity())
          .containsExactly("me");
      assertThatAdminIsDenied(channel, "me");
      subscriber.cancel();
    }
  }

  @Test
  void clientCaNeedsNoCertificateHereAndGrantsNoAdmin() throws Exception {
    Certificates made = Certificates.in(dir).ca("ca").signed("server", "/CN=server", "ca");
    ServerTls tls =
        new ServerTls(
            new TlsFiles(
                made.file("server.pem"),
                made.file("server.key"),
                Optional.of(made.file("ca.pem"))));
    TcpServer.Access access =
        new TcpServer.Access(Optional.empty(), Optional.of(tls), TIME, Runnable::run);
    try (TcpServer server = start(access)) {
      ManagedChannel channel = newChannel();
      assertThat(deviceCount(channel)).isEqualTo(1);
      assertThatAdminIsDenied(channel, "uid:" + uid());
      assertThat(server.hub().subscriptions()).isEmpty();
    }
  }

  private static void assertThatAdminIsDenied(ManagedChannel channel, String who) {
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(
            () ->
                AdminGrpc.newBlockingStub(channel)
                    .listSubscriptions(ListSubscriptionsRequest.getDefaultInstance()))
        .satisfies(
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
              assertThat(e.getStatus().getDescription()).contains(who);
            });
  }

  private static ClientInterceptor bearer(String token) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    return MetadataUtils.newAttachHeadersInterceptor(headers);
  }

  @Test
  void limitsCountEachConnectionAndEachUser() throws Exception {
    SubscriberLimits limits = new SubscriberLimits(10, 10, 1, 2);
    HubConfig config = new HubConfig(limits, Duration.ofSeconds(30));
    try (TcpServer server =
        start(config, TransportLimits.DEFAULTS, TcpServer.Access.UNRESTRICTED)) {
      ManagedChannel channel = newChannel();
      subscribe(channel);
      assertRefused(channel, "max-subscribers-per-connection");
      subscribe(newChannel());
      assertRefused(newChannel(), "max-subscribers-per-identity");
      assertThat(server.hub().subscriptions()).hasSize(2);
    }
  }

  private static void assertRefused(ManagedChannel channel, String limit) throws Exception {
    Status status =
        TestSubscriber.subscribe(channel, StreamFramesRequest.getDefaultInstance())
            .requestAll()
            .awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription()).contains(limit);
  }

  @Test
  void connectionBeyondTheLimitIsClosed() throws Exception {
    TransportLimits defaults = TransportLimits.DEFAULTS;
    TransportLimits limits =
        new TransportLimits(
            1,
            defaults.maxCallsPerConnection(),
            defaults.maxMessageBytes(),
            defaults.maxMetadataBytes(),
            defaults.handshakeTimeout(),
            defaults.maxResets(),
            defaults.keepaliveTime());
    try (TcpServer server = start(HubConfig.DEFAULTS, limits, TcpServer.Access.UNRESTRICTED)) {
      assertThat(deviceCount(newChannel())).isEqualTo(1);
      assertThat(failure(newChannel()).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(server.hub().subscriptions()).isEmpty();
    }
  }

  @Test
  void serverTouchesNoOtherFileBesideItsPath() throws Exception {
    Path mine = Files.writeString(Path.of(path() + "~"), "mine");
    try (TcpServer server = start(TcpServer.Access.UNRESTRICTED)) {
      assertThat(deviceCount(newChannel())).isEqualTo(1);
      assertThat(server.hub().subscriptions()).isEmpty();
      assertThat(dir.toFile().list()).containsExactlyInAnyOrder("s", "s~");
    }
    assertThat(mine).hasContent("mine");
    assertThat(dir.toFile().list()).containsExactly("s~");
  }

  @Test
  void pathThatCannotBeBoundIsReportedInOneLine() {
    Path socket = dir.resolve("absent/s");
    assertThatIOException()
        .isThrownBy(
            () ->
                TcpServer.start(
                    new UnixSocket(socket, Set.of()),
                    FORMAT,
                    HubConfig.DEFAULTS,
                    TransportLimits.DEFAULTS,
                    TcpServer.Access.UNRESTRICTED))
        .withMessage(
            "unix-socket: %s (expected: a path in an existing directory that this server can write;"
                + " No such file or directory)",
            socket);
  }
}
