package dev.lavalier.access;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/**
 * Reading what an operator wrote: whole files, and none so large that it could only be a mistake.
 */
final class ConfigFile {

  private static final int MAX_BYTES = 1 << 20;

  private ConfigFile() {}

  /**
   * Reads a file. May block for as long as the file system does.
   *
   * @param key the setting that names it
   * @throws InvalidFileException where it cannot be read
   */
  static ByteBuffer read(String key, Path file) throws InvalidFileException {
    if (Files.exists(file) && !Files.isRegularFile(file)) { // a pipe would block for ever
      throw invalid(key, file, "a regular file", null);
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw invalid(key, file, "a file of " + MAX_BYTES + " bytes at most", null);
      }
      return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    } catch (NoSuchFileException e) {
      throw invalid(key, file, "a file that is there", e);
    } catch (AccessDeniedException e) {
      throw invalid(key, file, "a file that this user may read", e);
    } catch (IOException e) {
      throw invalid(key, file, "a file that can be read; " + e.getMessage(), e);
    }
  }

  /** Returns who may do what with a file; nobody, where the file system does not say. */
  static Set<PosixFilePermission> permissions(Path file) {
    try {
      return Files.getPosixFilePermissions(file);
    } catch (IOException | UnsupportedOperationException e) {
      return Set.of();
    }
  }

  static byte[] bytes(ByteBuffer content) {
    byte[] bytes = new byte[content.remaining()];
    content.duplicate().get(bytes);
    return bytes;
  }

  static InvalidFileException invalid(String key, Object value, String expected, Throwable cause) {
    return new InvalidFileException("%s: %s (expected: %s)".formatted(key, value, expected), cause);
  }
}
