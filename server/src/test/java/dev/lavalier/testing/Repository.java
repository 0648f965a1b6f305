package dev.lavalier.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The files of this repository, for tests that read them. It does not need git. */
public final class Repository {

  /** The top directory. Tests run in the directory of their module, below it. */
  public static final Path TOP = top();

  private static final Set<String> BUILT = Set.of("target", "node_modules", "build");
  private static final Set<String> HIDDEN_SOURCES = Set.of(".ci", ".github");

  private Repository() {}

  private static Path top() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isRegularFile(folder.resolve("proto/pom.xml"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException(
            "not inside the repository: " + Path.of("").toAbsolutePath());
      }
    }
    return folder;
  }

  /**
   * Returns all files, in a fixed order, as paths relative to the top. Omits what a build creates,
   * and hidden directories except those with sources.
   */
  public static List<Path> files() {
    List<Path> files = new ArrayList<>();
    try {
      Files.walkFileTree(
          TOP,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
              String name = folder.getFileName().toString();
              boolean omitted =
                  !folder.equals(TOP)
                      && (BUILT.contains(name)
                          || (name.startsWith(".") && !HIDDEN_SOURCES.contains(name)));
              return omitted ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              if (attributes.isRegularFile()) {
                files.add(TOP.relativize(file));
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    files.sort(null);
    return files;
  }

  /** Returns the text of a file, which is named relative to the top. */
  public static String read(Path file) {
    try {
      return Files.readString(TOP.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns all Markdown pages, in a fixed order. */
  public static List<MarkdownPage> pages() {
    return files().stream()
        .filter(file -> file.toString().endsWith(".md"))
        .map(file -> new MarkdownPage(file, read(file)))
        .toList();
  }
}
