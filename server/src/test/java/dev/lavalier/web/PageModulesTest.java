package dev.lavalier.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.Repository;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The modules of the page that need no browser, and the files that the page names. */
final class PageModulesTest {

  private static final Path PAGE =
      Repository.TOP.resolve("server/src/main/resources/dev/lavalier/web/page");
  private static final Pattern NAMED =
      Pattern.compile("(?:from |href=|src=|Worker\\(|addModule\\()['\"]([^'\"]+)['\"]");
  private static final Pattern SERVED = Pattern.compile("[a-z0-9-]+\\.(html|js|css|svg)");
  private static final int MAX_LINES = 400;

  private static List<Path> files() throws Exception {
    try (var files = Files.list(PAGE)) {
      return files.toList();
    }
  }

  @Test
  void modulesPassTheirTests() throws Exception {
    assertThat(Node.run("", "--test", "--test-reporter=tap"))
        .contains("# fail 0")
        .doesNotContain("# pass 0");
  }

  @Test
  void everyFileCanBeServedAndIsShort() throws Exception {
    for (Path file : files()) {
      assertThat(file.getFileName().toString()).matches(SERVED);
      assertThat(Files.readAllLines(file)).hasSizeLessThanOrEqualTo(MAX_LINES);
    }
  }

  @Test
  void filesNameOnlyFilesOfThePage() throws Exception {
    for (Path file : files()) {
      Matcher names = NAMED.matcher(Files.readString(file));
      while (names.find()) {
        assertThat(PAGE.resolve(names.group(1))).as("named in %s", file).exists();
      }
      assertThat(Files.readString(file)).doesNotContainPattern("https?://(?!www\\.w3\\.org/2000)");
    }
  }

  /** The content security policy forbids these. */
  @Test
  void pageHasNoInlineScriptOrStyle() throws Exception {
    assertThat(Files.readString(PAGE.resolve("index.html")))
        .doesNotContainPattern("<style|\\sstyle=|\\son[a-z]+=|<script(?![^>]*\\ssrc=)");
  }
}
