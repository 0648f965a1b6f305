package dev.lavalier.app;

import java.io.File;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The names of files on the command line, in the environment and in the configuration file. On
 * Linux, the JVM encodes them as the locale says.
 */
final class FileNames {

  private static final String ENCODING = System.getProperty("sun.jnu.encoding", "");

  private FileNames() {}

  /** Returns the warning for the operator if names cannot have all characters; empty: they can. */
  static Optional<String> warning() {
    boolean windows = File.separatorChar == '\\'; // its file names are UTF-16
    return windows || ENCODING.equals("UTF-8")
        ? Optional.empty()
        : Optional.of(
            "file names and arguments can have only the characters of %s; set LC_ALL=C.UTF-8"
                .formatted(ENCODING));
  }

  /**
   * Returns the file that a value names.
   *
   * @param place the key of the option, and the part of the value before the name, for the message
   * @throws IllegalArgumentException if no file can have the name; its message is one line for the
   *     user
   */
  static Path parse(String place, String name) {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(
          "%s%s (expected: a file name in the encoding %s; to use other characters, set LC_ALL=C.UTF-8)"
              .formatted(place, name, ENCODING),
          e);
    }
  }
}
