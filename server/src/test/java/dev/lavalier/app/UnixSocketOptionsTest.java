package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Tests the options for the Unix socket. */
@EnabledOnOs(OS.LINUX)
final class UnixSocketOptionsTest {

  @TempDir Path dir;

  private static ListenOptions listening(String... flags) {
    return CommandLine.populateCommand(new ListenOptions(), flags);
  }

  @Test
  void portIsUsedUnlessItIsSwitchedOff() {
    assertThat(listening().unixSocket()).isEmpty();
    ListenOptions both = listening("--unix-socket", "/run/s");
    assertThat(both.unixSocket().orElseThrow()).hasToString("unix:/run/s");
    assertThat(both.tcpAddress(false, false)).isPresent();
    ListenOptions one = listening("--unix-socket", "/run/s", "--no-tcp", "--bind", "0.0.0.0");
    assertThat(one.tcpAddress(false, false)).isEmpty();
  }

  @Test
  void relativePathBecomesAbsolute() {
    assertThat(listening("--unix-socket", "a/../s").unixSocket().orElseThrow())
        .hasToString("unix:" + Path.of("s").toAbsolutePath());
  }

  @ParameterizedTest
  @ValueSource(strings = {"660", "0660", "0600", "666", "000"})
  void modeIsOctal(String mode) {
    assertThat(listening("--unix-socket", "/run/s", "--unix-socket-mode", mode).unixSocket())
        .isPresent();
  }

  private static void assertRejected(String message, String... flags) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> listening(flags).unixSocket())
        .withMessage(message);
  }

  @ParameterizedTest
  @CsvSource({"66", "06600", "rw-rw----", "0680", "2660"})
  void otherModeIsRejected(String mode) {
    assertRejected(
        "unix-socket-mode: " + mode + " (expected: three octal digits, such as 0660)",
        "--unix-socket",
        "/run/s",
        "--unix-socket-mode",
        mode);
  }

  @Test
  void otherPathIsRejected() {
    String end = " (expected: a path, such as /run/lavalier/lavalier.sock)";
    assertRejected("unix-socket: unix:/run/s" + end, "--unix-socket", "unix:/run/s");
    assertRejected("unix-socket: empty" + end, "--unix-socket", "");
    assertRejected("no-tcp: true (expected: --unix-socket as well)", "--no-tcp");
    String tooLong = "/" + "x".repeat(97);
    assertRejected(
        "unix-socket: " + tooLong + " (expected: at most 97 bytes, not 98)",
        "--unix-socket",
        tooLong);
  }

  private ServerProcess.Result run(Path socket, String... jvmOptions) throws Exception {
    return ServerProcess.run(
        dir,
        Map.of("LC_ALL", "C.UTF-8"),
        ServerProcess.server(
            List.of(jvmOptions),
            "--allow-device",
            "tone",
            "--no-tcp",
            "--unix-socket",
            socket.toString()));
  }

  @Test
  void readyLineHasTheAddressAndTheFileIsRemovedAtTheEnd() throws Exception {
    Path socket = dir.resolve("s");
    ServerProcess.Result result = run(socket);
    assertThat(result.out()).isEqualTo("lavalier-server listening on unix:" + socket);
    assertThat(result.code()).isZero();
    assertThat(socket).doesNotExist();
  }

  @Test
  void systemWithoutEpollIsOneLine() throws Exception {
    ServerProcess.Result result = run(dir.resolve("s"), "-Dio.netty.transport.noNative=true");
    assertThat(result)
        .isEqualTo(
            new ServerProcess.Result(
                2,
                null,
                "unix-socket: %s (expected: Linux on x86-64 or ARM64; elsewhere, use the port)"
                    .formatted(dir.resolve("s"))));
  }

  @Test
  void socketInUseIsOneLine() throws Exception {
    Path socket = dir.resolve("s");
    try (ServerSocketChannel used = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      used.bind(UnixDomainSocketAddress.of(socket));
      ServerProcess.Result result = run(socket);
      assertThat(result.code()).isEqualTo(1);
      assertThat(result.out()).isNull();
      assertThat(result.err().lines().reduce((first, last) -> last))
          .contains("unix-socket: " + socket + " (expected: a path that no other server uses)");
      assertThat(socket).exists();
    }
  }
}
