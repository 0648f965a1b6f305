package dev.lavalier.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.MarkdownPage;
import dev.lavalier.testing.MarkdownPage.Link;
import dev.lavalier.testing.Repository;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Links inside the repository lead to something that exists, and so do the pages and tests that the
 * sources and the documentation name. Links to other sites are not followed.
 */
final class LinksTest {

  private static final Pattern EXTERNAL = Pattern.compile("(?:[a-z][a-z0-9+.-]*:|//).*");
  private static final Pattern NAMED_PAGE =
      Pattern.compile("(?<![\\w./-])docs/[\\w./-]+\\.(?:md|svg)\\b");
  private static final Pattern NAMED_TEST =
      Pattern.compile("(?<![\\w*])[A-Z]\\w*[a-z0-9](?:Test|IT)\\b");
  private static final Set<String> SOURCES =
      Set.of("java", "proto", "py", "mjs", "md", "yaml", "xml");

  private static String violation(Path file, String text, int position, String what) {
    return "%s:%d: %s".formatted(file, MarkdownPage.lineAt(text, position), what);
  }

  /** Returns what is wrong with a link; null: nothing. */
  private static String brokenPart(MarkdownPage page, String target) {
    String[] parts = target.split("#", 2);
    Path file =
        parts[0].isEmpty()
            ? page.path()
            : page.path().resolveSibling(parts[0].replace("%20", " ")).normalize();
    if (file.startsWith("..") || !Files.exists(Repository.TOP.resolve(file))) {
      return "no such file";
    }
    if (parts.length == 1 || !file.toString().endsWith(".md")) {
      return null;
    }
    Set<String> anchors = new MarkdownPage(file, Repository.read(file)).anchors();
    return anchors.contains(parts[1]) ? null : "no such heading";
  }

  @Test
  void linksLeadToFilesAndHeadings() {
    List<String> broken = new ArrayList<>();
    int count = 0;
    for (MarkdownPage page : Repository.pages()) {
      for (Link link : page.links()) {
        if (!EXTERNAL.matcher(link.target()).matches()) {
          count++;
          String part = brokenPart(page, link.target());
          if (part != null) {
            broken.add("%s:%d: %s: %s".formatted(page.path(), link.line(), link.target(), part));
          }
        }
      }
    }
    assertThat(broken).isEmpty();
    assertThat(count).isGreaterThan(100);
  }

  @Test
  void pagesThatSourcesNameExist() {
    List<String> missing = new ArrayList<>();
    for (Path file : Repository.files()) {
      String name = file.toString();
      if (SOURCES.contains(name.substring(name.lastIndexOf('.') + 1))) {
        String text = Repository.read(file);
        NAMED_PAGE
            .matcher(text)
            .results()
            .filter(match -> !Files.exists(Repository.TOP.resolve(match.group())))
            .forEach(match -> missing.add(violation(file, text, match.start(), match.group())));
      }
    }
    assertThat(missing).isEmpty();
  }

  @Test
  void testsThatPagesNameExist() {
    Set<String> classes =
        Repository.files().stream()
            .map(file -> file.getFileName().toString())
            .filter(name -> name.endsWith(".java"))
            .map(name -> name.replace(".java", ""))
            .collect(Collectors.toSet());
    List<String> missing = new ArrayList<>();
    for (MarkdownPage page : Repository.pages()) {
      NAMED_TEST
          .matcher(page.text())
          .results()
          .filter(match -> !classes.contains(match.group()))
          .forEach(
              match ->
                  missing.add(violation(page.path(), page.text(), match.start(), match.group())));
    }
    assertThat(missing).isEmpty();
  }

  @Test
  void anchorsAreThoseOfGitHub() {
    MarkdownPage page =
        new MarkdownPage(
            Path.of("x.md"),
            """
            # A `b-c` & [d](e.md)!

            ```sh
            # comment
            ```

            ## Twice

            ## Twice

            <a id="own"></a>
            """);
    assertThat(page.anchors()).containsExactly("a-b-c--d", "twice", "twice-1", "own");
  }

  @Test
  void linksInCodeAreText() {
    MarkdownPage page =
        new MarkdownPage(
            Path.of("x.md"),
            """
            `[a](b)` [![c](d.svg)](e.md "f")
            ```
            [g](h)
            ```

            [i]: j.md
            <img src="k.svg">
            """);
    assertThat(page.links())
        .containsExactly(
            new Link(1, "d.svg"), new Link(1, "e.md"), new Link(6, "j.md"), new Link(7, "k.svg"));
  }
}
