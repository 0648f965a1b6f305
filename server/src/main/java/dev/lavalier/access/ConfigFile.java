package dev.lavalier.access;

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
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the files that an operator writes: whole, and only up to a size that makes sense. */
final class ConfigFile {

  private static final int MAX_BYTES = 1 << 20;

  private ConfigFile() {}

  /**
   * Reads a file. May block on the file system.
   *
   * @param key the setting that names the file, for messages
   * @throws InvalidFileException if the file cannot be read or is too large
   */
  static ByteBuffer read(String key, Path file) throws InvalidFileException {
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

  /** Returns the attributes with which only its owner can use a new file next to {@code file}. */
  static FileAttribute<?>[] ownerOnly(Path file) {
    return file.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }

  static byte[] bytes(ByteBuffer content) {
    byte[] bytes = new byte[content.remaining()];
    content.duplicate().get(bytes);
    return bytes;
  }

  static InvalidFileException invalid(
      String key, Object value, String expected, @Nullable Throwable cause) {
    return new InvalidFileException("%s: %s (expected: %s)".formatted(key, value, expected), cause);
  }
}
