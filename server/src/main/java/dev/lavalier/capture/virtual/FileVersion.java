package dev.lavalier.capture.virtual;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;

/**
 * What the file system tells about a file, to notice that it was changed or replaced. Immutable.
 *
 * @param key identifies the file; null if the file system has no such key
 * @param size the size in bytes
 * @param modified the time of the last change
 */
public record FileVersion(@Nullable Object key, long size, FileTime modified) {

  /**
   * Asks the file system.
   *
   * @throws IOException if the file does not exist, or cannot be read
   */
  static FileVersion of(Path file) throws IOException {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new FileVersion(
          attributes.fileKey(), attributes.size(), attributes.lastModifiedTime());
    } catch (NoSuchFileException e) {
      throw new IOException(file + " does not exist any more", e);
    }
  }
}
