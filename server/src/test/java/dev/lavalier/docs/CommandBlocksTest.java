package dev.lavalier.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.app.DocumentedOptions;
import dev.lavalier.testing.DocumentedCalls;
import dev.lavalier.testing.MarkdownPage;
import dev.lavalier.testing.Repository;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * Every shell block of README.md, docs/user and docs/operator is run in CI or says why not, in a
 * comment in the line before it. DocumentationIT runs those of README.md and docs/user, and
 * packaging/test-package those of docs/operator.
 */
final class CommandBlocksTest {

  private static final String NOT_RUN = "not run: .+";
  private static final String UNTIL_STOPPED = "until stopped";
  private static final String TESTED = "tested: ";

  private static List<String> markers(Predicate<Path> pages) {
    return Repository.pages().stream()
        .filter(page -> pages.test(page.path()))
        .flatMap(page -> page.codeBlocks().stream())
        .filter(block -> block.language().equals("sh"))
        .map(MarkdownPage.CodeBlock::marker)
        .toList();
  }

  @Test
  void blocksForUsersAreRunOrSayWhyNot() {
    List<String> markers =
        markers(path -> path.startsWith("docs/user") || path.equals(Path.of("README.md")));
    assertThat(markers)
        .hasSizeGreaterThan(20)
        .allMatch(
            marker -> marker.isEmpty() || marker.equals(UNTIL_STOPPED) || marker.matches(NOT_RUN));
  }

  @Test
  void blocksForOperatorsAreRunOrSayWhyNot() {
    String script = Repository.read(Path.of("packaging/test-package"));
    List<String> markers = markers(path -> path.startsWith("docs/operator"));
    assertThat(markers)
        .hasSizeGreaterThan(10)
        .allMatch(marker -> marker.startsWith(TESTED) || marker.matches(NOT_RUN));
    assertThat(markers)
        .filteredOn(marker -> marker.startsWith(TESTED))
        .allMatch(marker -> script.contains("documented " + marker.substring(TESTED.length())));
  }

  @Test
  void optionsOfTheServerExist() {
    assertThat(DocumentedCalls.unknownOptions("lavalier-server", DocumentedOptions.program()))
        .isEmpty();
  }
}
