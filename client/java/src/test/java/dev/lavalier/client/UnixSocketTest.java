package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.netty.UnixSocket;
import dev.lavalier.testing.LogEvents;
import dev.lavalier.testing.TcpServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests clients of a server on a Unix socket. */
@EnabledOnOs(OS.LINUX)
final class UnixSocketTest {

  /** A busy machine is no reason for a gap. */
  private static final StreamOptions LENIENT =
      StreamOptions.builder().maxLatency(Duration.ofSeconds(10)).build();

  @TempDir Path dir;

  @RegisterExtension final LogEvents warnings = LogEvents.of("io.netty");

  private TcpServer start(Path path) throws IOException {
    return TcpServer.start(
        new UnixSocket(path, PosixFilePermissions.fromString("rw-------")),
        "16000/1/s16le",
        HubConfig.DEFAULTS,
        TransportLimits.DEFAULTS,
        TcpServer.Access.UNRESTRICTED);
  }

  @Test
  void clientListsAndStreams() throws Exception {
    Path path = dir.resolve("a socket");
    try (TcpServer server = start(path)) {
      for (String address : new String[] {"unix:" + path, "unix://" + path}) {
        // A token is sent, because the socket does not leave the machine.
        ConnectOptions options = ConnectOptions.builder(address).token("secret").build();
        try (LavalierClient client = LavalierClient.connect(options);
            FrameStream stream = client.stream(LENIENT)) {
          assertThat(client.listDevices()).extracting(Device::deviceId).containsExactly("tone");
          assertThat(stream.read().gap()).isEmpty();
          assertThat(server.hub().subscriptions()).isNotEmpty();
        }
      }
    }
    assertThat(warnings.messages()).as("options that the socket does not have").isEmpty();
  }

  private static void assertUnreachable(String server, String reason) {
    try (LavalierClient client = LavalierClient.connect(server)) {
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(client::listDevices)
          .withMessage("server: %s (expected: a Lavalier server; %s)".formatted(server, reason))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(LavalierException.Kind.UNAVAILABLE));
    }
  }

  @Test
  void unreachableSocketIsReportedInOneLine() throws Exception {
    Path path = dir.resolve("s");
    assertUnreachable(
        "unix:" + path, "no such file; is lavalier-server running with --unix-socket?");
    assertUnreachable(
        "unix:no/such", "no such file; is lavalier-server running with --unix-socket?");
    try (ServerSocketChannel abandoned = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      abandoned.bind(UnixDomainSocketAddress.of(path));
    }
    assertUnreachable("unix:" + path, "connection refused; is lavalier-server running?");
    Path file = Files.createFile(dir.resolve("file"));
    assertUnreachable("unix:" + file, "connection refused; is lavalier-server running?");
  }

  @Test
  void missingPermissionNamesWhatIsNeeded() {
    assertThat(
            ConnectionFailure.reason(
                new ConnectException(
                    "connect(..) failed with error(-13): Permission denied: /run/lavalier/s")))
        .isEqualTo("permission denied; your user needs write permission for the socket's file");
  }

  @ParameterizedTest
  @CsvSource({
    "unix:/run/s, /run/s",
    "unix:///run/s, /run/s",
    "unix:s, s",
    "unix:./a:b%20c, ./a:b%20c",
  })
  void pathIsTakenAsItIs(String text, String path) {
    ServerAddress address = ServerAddress.parse(text);
    assertThat(address.path()).isEqualTo(path);
    assertThat(address.isUnixSocket()).isTrue();
    assertThat(address.isLocal()).isTrue();
    assertThat(address.needsNoLookup()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix:", "unix://", "unix://host/s", "unix:a\nb", "unix:a\0b"})
  void otherTextIsRejectedInOneLine(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConnectOptions.builder(text).build())
        .withMessage(
            "server: %s (expected: unix:PATH, for example unix:/run/lavalier/lavalier.sock)"
                .formatted(text.replaceFirst("[\0\n].*", "")));
  }

  @Test
  void pathWithoutUnixSaysWhatToType() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConnectOptions.builder("/run/s").build())
        .withMessage("server: /run/s (expected: unix:/run/s for a Unix socket)");
  }

  @Test
  void tooLongPathIsRejected() {
    String longest = "unix:/" + "x".repeat(106);
    assertThat(ConnectOptions.builder(longest).build().server()).isEqualTo(longest);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConnectOptions.builder(longest + "x").build())
        .withMessage(
            "server: %sx (expected: a path of at most 107 bytes, not 108)".formatted(longest));
  }

  @Test
  void tlsIsRejected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConnectOptions.builder("unix:/run/s").tls(true).build())
        .withMessage("server: unix:/run/s (expected: HOST:PORT for TLS; a Unix socket needs none)");
  }
}
