package dev.lavalier.access;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the files that an operator writes: whole, and only up to a size that makes sense. */
public final class ConfigFile {

  private static final Logger log = LoggerFactory.getLogger(TlsFiles.class);

  private static final int MAX_BYTES = 1 << 20;
  private static final long ROOT = 0;

  private ConfigFile() {}

  /**
   * Reads a file. May block on the file system.
   *
   * @param key the setting that names the file, for messages
   * @throws InvalidFileException if the file cannot be read or is too large
   */
  public static ByteBuffer read(String key, Path file) throws InvalidFileException {
    if (Files.exists(file) && !Files.isRegularFile(file)) { // reading a pipe could block forever
      throw invalid(key, file, "a regular file", null);
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw invalid(key, file, "a file of at most " + MAX_BYTES + " bytes", null);
      }
      return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    } catch (NoSuchFileException e) {
      throw invalid(key, file, "an existing file", e);
    } catch (AccessDeniedException e) {
      throw invalid(key, file, "a file that this user can read", e);
    } catch (IOException e) {
      throw invalid(key, file, "a readable file; " + e.getMessage(), e);
    }
  }

  /** Returns the permissions of a file; empty if the file system does not support them. */
  static Set<PosixFilePermission> permissions(Path file) {
    try {
      return Files.getPosixFilePermissions(file);
    } catch (IOException | UnsupportedOperationException e) {
      return Set.of();
    }
  }

  /**
   * Returns the owner of a file, if the owner is neither root nor the user of this process, who can
   * change the file; empty: the owner is one of them, or the file system has no owners.
   */
  static Optional<String> foreignOwner(Path file) {
    try {
      return foreignOwner(
          Files.getAttribute(file, "unix:uid"),
          new UnixSystem().getUid(),
          Files.getOwner(file).getName());
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return Optional.empty(); // the file system has no numbers of users
    } catch (UnsatisfiedLinkError | NoClassDefFoundError e) {
      return Optional.empty(); // this system has none
    }
  }

  static Optional<String> foreignOwner(Object owner, long self, String name) {
    long uid = Integer.toUnsignedLong(((Number) owner).intValue());
    return uid == ROOT || uid == self ? Optional.empty() : Optional.of(name);
  }

  /** Returns the attributes with which only its owner can use a new file next to {@code file}. */
  static FileAttribute<?>[] ownerOnly(Path file) {
    return file.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }

  /** Logs a warning if every user of this machine can read a file that is secret. */
  public static void warnIfOthersCanRead(String key, Path file) {
    if (permissions(file).contains(PosixFilePermission.OTHERS_READ)) {
      log.warn(
          "{}: every user of this machine can read {}; remove that permission with chmod o-r",
          key,
          file);
    }
  }

  /** Returns a copy of a content. */
  public static byte[] bytes(ByteBuffer content) {
    byte[] bytes = new byte[content.remaining()];
    content.duplicate().get(bytes);
    return bytes;
  }

  /** Creates an exception: {@code key: value (expected: ...)}. */
  public static InvalidFileException invalid(
      String key, Object value, String expected, @Nullable Throwable cause) {
    return new InvalidFileException("%s: %s (expected: %s)".formatted(key, value, expected), cause);
  }
}
