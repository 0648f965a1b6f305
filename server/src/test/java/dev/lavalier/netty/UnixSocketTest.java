package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
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

  private static Path bound(UnixSocket other) {
    return Path.of(((DomainSocketAddress) other.bindAddress()).path());
  }

  private static ServerSocketChannel listen(UnixSocket other) throws IOException {
    other.prepare();
    ServerSocketChannel channel = bind(bound(other));
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
      assertThat(dir.toFile().list()).containsExactly("s");
      other.remove();
      assertThat(dir).isEmptyDirectory();
      assertThat(channel.isOpen()).isTrue();
    }
  }

  @Test
  void nobodyElseCanConnectBeforeThePermissionsAreSet() throws Exception {
    socket.prepare();
    try (ServerSocketChannel channel = bind(bound(socket))) {
      Path room = bound(socket).getParent();
      assertThat(room).hasParent(dir);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(room)))
          .isEqualTo("rwx------");
      assertThat(path).doesNotExist();
      assertThat(channel.isOpen()).isTrue();
    }
    socket.remove(); // the server could not listen
    assertThat(dir).isEmptyDirectory();
  }

  @Test
  void fileWithASimilarNameIsKept() throws Exception {
    Path mine = Files.writeString(Path.of(path + "~"), "mine");
    listen(socket).close();
    socket.remove();
    assertThat(mine).hasContent("mine");
  }

  @Test
  void laterOfTwoServersThatStartTogetherIsRefused() throws Exception {
    UnixSocket other = new UnixSocket(path, MODE);
    socket.prepare();
    other.prepare();
    try (ServerSocketChannel first = bind(bound(socket));
        ServerSocketChannel second = bind(bound(other))) {
      socket.publish();
      assertThatIOException()
          .isThrownBy(other::publish)
          .withMessage("unix-socket: %s (expected: a path that no other server uses)", path);
      other.remove();
      assertThat(dir.toFile().list()).containsExactly("s");
      try (SocketChannel caller = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
        first.accept().close();
        assertThat(caller.isConnected()).isTrue();
        assertThat(second.isOpen()).isTrue();
      }
    }
    socket.remove();
    assertThat(dir).isEmptyDirectory();
  }

  @Test
  void fileThatAppearsDuringTheStartIsKept() throws Exception {
    socket.prepare();
    try (ServerSocketChannel channel = bind(bound(socket))) {
      Files.writeString(path, "mine");
      assertThatIOException().isThrownBy(socket::publish);
      assertThat(channel.isOpen()).isTrue();
    }
    assertThat(path).hasContent("mine");
    assertThat(dir.toFile().list()).containsExactly("s");
  }

  @Test
  void fileOfKilledServerIsReplaced() throws Exception {
    bind(path).close();
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
    UnixSocket other = new UnixSocket(path, MODE);
    try (ServerSocketChannel running = listen(socket)) {
      Files.delete(path); // by hand
      listen(other).close();
      socket.remove();
      assertThat(path).exists();
      assertThat(running.isOpen()).isTrue();
    }
    other.remove();
    assertThat(path).doesNotExist();
  }

  @Test
  void tooLongPathIsRefused() {
    Path longest = Path.of("/" + "x".repeat(UnixSocket.MAX_PATH_BYTES - 1));
    assertThat(new UnixSocket(longest, MODE)).hasToString("unix:" + longest);
    assertThat(bound(new UnixSocket(longest, MODE)).toString()).hasSizeLessThanOrEqualTo(107);
    Path shortest = Path.of("/" + "x".repeat(UnixSocket.MAX_PATH_BYTES - 3) + "/s");
    assertThat(bound(new UnixSocket(shortest, MODE)).toString()).hasSize(107);
    Path tooLong = Path.of("/x" + "\u00e4".repeat(48)); // 98 bytes
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new UnixSocket(tooLong, MODE))
        .withMessage("unix-socket: %s (expected: at most 97 bytes, not 98)", tooLong);
  }
}
