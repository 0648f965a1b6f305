package dev.lavalier.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.app.DocumentedOptions;
import dev.lavalier.testing.DocumentedCalls;
import dev.lavalier.testing.Repository;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Every shell block of README.md, docs/fleet.md, docs/user and docs/operator is run in CI or says
 * why not, in a comment in the line before it. DocumentationIT runs those of README.md and
 * docs/user, packaging/test-package those of docs/operator, and FleetPageIT those of docs/fleet.md.
 */
final class CommandBlocksTest {

  private static final String UNTIL_STOPPED = "until stopped";
  private static final String TESTED = "tested: ";

  private static final Predicate<String> SAYS_WHY_NOT =
      Pattern.compile("not run: .+").asMatchPredicate();

  /** Returns the shell blocks whose marker is not allowed, each as one line. */
  private static List<String> unmarked(Predicate<Path> pages, Predicate<String> allowed) {
    return Repository.pages().stream()
        .filter(page -> pages.test(page.path()))
        .flatMap(
            page ->
                page.codeBlocks().stream()
                    .filter(block -> block.language().equals("sh") && !allowed.test(block.marker()))
                    .map(block -> "%s:%d: %s".formatted(page.path(), block.line(), block.marker())))
        .toList();
  }

  @Test
  void blocksForUsersAreRunOrSayWhyNot() {
    assertThat(
            unmarked(
                path -> path.startsWith("docs/user") || path.equals(Path.of("README.md")),
                SAYS_WHY_NOT.or(marker -> marker.isEmpty() || marker.equals(UNTIL_STOPPED))))
        .isEmpty();
  }

  @Test
  void blocksForOperatorsAreRunOrSayWhyNot() {
    String script = Repository.read(Path.of("packaging/test-package"));
    assertThat(
            unmarked(
                path -> path.startsWith("docs/operator"),
                SAYS_WHY_NOT.or(
                    marker ->
                        marker.startsWith(TESTED)
                            && script.contains("documented " + marker.substring(TESTED.length())))))
        .isEmpty();
  }

  @Test
  void blocksOfTheFleetAreRunOrSayWhyNot() {
    assertThat(
            unmarked(
                path -> path.equals(Path.of("docs/fleet.md")),
                SAYS_WHY_NOT.or(marker -> marker.startsWith("step: "))))
        .isEmpty();
  }

  @Test
  void optionsOfTheServerExist() {
    assertThat(DocumentedCalls.unknownOptions("lavalier-server", DocumentedOptions.program()))
        .isEmpty();
  }
}
