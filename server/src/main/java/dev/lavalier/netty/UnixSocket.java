package dev.lavalier.netty;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The file of a Unix socket that a server listens on. The socket is bound in a new directory that
 * only this user can enter, gets its permissions, and then its path. So no caller can connect
 * before the permissions are set, and no other file is replaced.
 *
 * <p>Of servers that start together on one path, the first gets it, and the others fail. There is
 * one exception: if the file of a killed server has the path, and a server removes it just after
 * another one has found it abandoned and started completely, then both run, and callers reach the
 * later one.
 *
 * <p>The methods are called in the order {@link #prepare}, {@link #publish}, {@link #remove}, on
 * any thread. They may block on the file system.
 */
public final class UnixSocket {

  /** The kernel allows 107 bytes. The path at which the socket is bound has up to ten more. */
  public static final int MAX_PATH_BYTES = 97;

  // Of the mode of a file.
  private static final int FILE_TYPE = 0xF000;
  private static final int SOCKET = 0xC000;

  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  private static final String UNUSED = "a path that no other server uses";

  /** The start of the transport's message for a failed system call. */
  private static final String SYSTEM_CALL = ".* failed with error\\(-?\\d+\\): ";

  private final Path path;
  private final Set<PosixFilePermission> permissions;
  private final Path privateDirectory;
  private final Path unpublished;
  private volatile @Nullable Object fileKey; // null: not published

  /**
   * Creates a socket without a file.
   *
   * @param path the absolute path of the file
   * @param permissions the permissions of the file; a caller needs that for writing
   * @throws IllegalArgumentException if the path is too long; its message is one line
   */
  public UnixSocket(Path path, Set<PosixFilePermission> permissions) {
    int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_PATH_BYTES) {
      throw new IllegalArgumentException(
          "unix-socket: %s (expected: at most %d bytes, not %d)"
              .formatted(path, MAX_PATH_BYTES, bytes));
    }
    this.path = path;
    this.permissions = Set.copyOf(permissions);
    this.privateDirectory = path.resolveSibling(".%08x".formatted(new SecureRandom().nextInt()));
    this.unpublished = privateDirectory.resolve("s");
  }

  /** Returns whether servers and clients on this machine can use Unix sockets: Linux's epoll. */
  public static boolean isSupported() {
    return Epoll.isAvailable();
  }

  /** Returns the address to bind. */
  public SocketAddress bindAddress() {
    return new DomainSocketAddress(unpublished.toString());
  }

  /**
   * Checks that no server uses the path, and creates the directory for binding. A server that is
   * killed before {@link #publish} leaves that directory; nothing uses it again.
   *
   * @throws IOException if a server uses the path, or another file has it; its message is one line
   */
  public void prepare() throws IOException {
    try {
      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        checkAbandoned();
        Files.deleteIfExists(path);
      }
      Files.createDirectory(privateDirectory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    } catch (FileSystemException e) {
      throw bindFailure(e);
    }
  }

  /** A connection that is refused shows that no process listens any more. */
  private void checkAbandoned() throws IOException {
    int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if ((mode & FILE_TYPE) != SOCKET) {
      throw failure("a path that only a socket has; this file is none", null);
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.configureBlocking(false); // a server that accepts nothing would hold it up
      var unused = probe.connect(UnixDomainSocketAddress.of(path));
    } catch (ConnectException e) {
      return;
    } catch (IOException e) {
      throw failure(UNUSED + "; " + e.getMessage(), e);
    }
    throw failure(UNUSED, null);
  }

  /**
   * Sets the permissions of the bound socket, and gives it its path, from when on callers can
   * connect.
   *
   * @throws IOException if this fails, or the path is in use now; its message is one line
   */
  public void publish() throws IOException {
    try {
      Files.setPosixFilePermissions(unpublished, permissions);
      Object key = fileKey(unpublished);
      Files.createLink(path, unpublished); // a rename would replace the file of another server
      fileKey = key;
    } catch (FileAlreadyExistsException e) {
      throw failure(UNUSED, e);
    } catch (IOException e) {
      throw bindFailure(e);
    } finally {
      removePrivateDirectory();
    }
  }

  private void removePrivateDirectory() {
    try {
      Files.deleteIfExists(unpublished);
      Files.deleteIfExists(privateDirectory);
    } catch (IOException e) {
      // It stays, as that of a killed server.
    }
  }

  /** Returns the exception for a path at which the socket cannot be bound. */
  public IOException bindFailure(IOException cause) {
    Throwable root = cause;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String reason = String.valueOf(root.getMessage()).replaceFirst(SYSTEM_CALL, "");
    if (root instanceof AccessDeniedException) { // its message is only the path
      reason = "Permission denied";
    } else if (root instanceof NoSuchFileException) {
      reason = "No such file or directory";
    } else if (root instanceof FileSystemException failure && failure.getReason() != null) {
      reason = failure.getReason(); // without the path in the private directory
    }
    return failure("a path in an existing directory that this server can write; " + reason, cause);
  }

  private IOException failure(String expected, @Nullable Throwable cause) {
    return new IOException("unix-socket: %s (expected: %s)".formatted(path, expected), cause);
  }

  private static @Nullable Object fileKey(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  /**
   * Removes the file, unless another server has replaced it, and the directory of a socket that was
   * not published.
   */
  public void remove() {
    removePrivateDirectory();
    try {
      if (fileKey != null && fileKey.equals(fileKey(path))) {
        Files.delete(path);
      }
    } catch (IOException e) {
      // The next server replaces the file.
    }
    fileKey = null;
  }

  /** Returns the address that clients use: {@code unix:} and the path. */
  @Override
  public String toString() {
    return "unix:" + path;
  }
}
