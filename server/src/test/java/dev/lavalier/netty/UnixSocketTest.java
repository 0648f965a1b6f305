package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the file of a Unix socket. */
final class UnixSocketTest {

  private static final Set<PosixFilePermission> MODE = PosixFilePermissions.fromString("rw-rw----");

  @TempDir Path dir;

  private Path path;
  private UnixSocket socket;

  @BeforeEach
  void createSocket() {
    path = dir.resolve("s");
    socket = new UnixSocket(path, MODE);
  }

  /** Binds a socket, as a server does, and closes it without removing its file. */
  private static ServerSocketChannel bind(Path file) throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    channel.bind(UnixDomainSocketAddress.of(file));
    return channel;
  }

  private ServerSocketChannel listen(UnixSocket other) throws IOException {
    other.prepare();
    ServerSocketChannel channel = bind(Path.of(path + "~"));
    other.publish();
    return channel;
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-------", "rw-rw----", "rw-rw-rw-"})
  void fileHasItsPermissionsAndIsRemoved(String mode) throws Exception {
    UnixSocket other = new UnixSocket(path, PosixFilePermissions.fromString(mode));
    try (ServerSocketChannel channel = listen(other)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo(mode);
      assertThat(dir).isDirectoryNotContaining("glob:**~");
      other.remove();
      assertThat(dir).isEmptyDirectory();
      assertThat(channel.isOpen()).isTrue();
    }
  }

  @Test
  void filesOfKilledServerAreReplaced() throws Exception {
    bind(path).close();
    bind(Path.of(path + "~")).close();
    listen(socket).close();
    assertThat(path).exists();
    socket.remove();
    assertThat(dir).isEmptyDirectory();
  }

  @Test
  void socketInUseIsRefusedAndKept() throws Exception {
    try (ServerSocketChannel used = bind(path)) {
      assertThatIOException()
          .isThrownBy(socket::prepare)
          .withMessage("unix-socket: %s (expected: a path that no other server uses)", path);
      socket.remove();
      assertThat(path).exists();
      assertThat(used.isOpen()).isTrue();
    }
  }

  @Test
  void serverThatAcceptsNothingUsesItsSocket() throws Exception {
    try (ServerSocketChannel full = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      full.bind(UnixDomainSocketAddress.of(path), 1);
      for (int i = 0; i < 3; i++) { // more than it queues: the next one would wait
        assertThatIOException()
            .isThrownBy(socket::prepare)
            .withMessageContaining("(expected: a path that no other server uses");
      }
    }
  }

  @Test
  void otherFileIsRefusedAndKept() throws Exception {
    Files.writeString(path, "mine");
    assertThatIOException()
        .isThrownBy(socket::prepare)
        .withMessage(
            "unix-socket: %s (expected: a path that only a socket has; this file is none)", path);
    assertThat(path).hasContent("mine");
    Files.delete(path);
    Files.createSymbolicLink(path, dir.resolve("elsewhere"));
    assertThatIOException().isThrownBy(socket::prepare);
  }

  @Test
  void directoryThatCannotBeUsedIsNamed() {
    assertThat(socket.bindFailure(new AccessDeniedException(path.toString())))
        .hasMessage(
            "unix-socket: %s (expected: a path in an existing directory that this server can write;"
                + " Permission denied)",
            path);
  }

  @Test
  void fileOfAnotherServerIsNotRemoved() throws Exception {
    listen(socket).close();
    UnixSocket other = new UnixSocket(path, MODE);
    listen(other).close(); // replaces the file
    socket.remove();
    assertThat(path).exists();
    other.remove();
    assertThat(path).doesNotExist();
  }

  @Test
  void tooLongPathIsRefused() {
    Path longest = Path.of("/" + "x".repeat(UnixSocket.MAX_PATH_BYTES - 1));
    assertThat(new UnixSocket(longest, MODE)).hasToString("unix:" + longest);
    Path tooLong = Path.of("/" + "\u00e4".repeat(53)); // 107 bytes
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new UnixSocket(tooLong, MODE))
        .withMessage("unix-socket: %s (expected: at most 106 bytes, not 107)", tooLong);
  }
}
