package dev.lavalier.junit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.MarkdownPage.CodeBlock;
import dev.lavalier.testing.Repository;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The tests that README.md and docs/user/testing.md print are parts of files that CI runs. */
final class DocumentedTestsTest {

  private static final String GAP_TEST =
      "client/testing-consumer/src/test/java/com/example/GapTest.java";

  /** The files, by the page and by what identifies the block. */
  private static final Map<String, Map<String, String>> FILES =
      Map.of(
          "README.md",
          Map.of("class GapTest", GAP_TEST),
          "docs/user/testing.md",
          Map.of(
              "class GapTest", GAP_TEST,
              "import pytest", "client/examples/python/test_faults.py",
              "overrun-ms: 20", "client/examples/python/faults.yaml"));

  @Test
  void printedTestsAreThoseOfTheirFiles() {
    FILES.forEach(
        (page, files) -> {
          List<CodeBlock> blocks =
              Repository.pages().stream()
                  .filter(each -> each.path().equals(Path.of(page)))
                  .flatMap(each -> each.codeBlocks().stream())
                  .toList();
          files.forEach(
              (mark, file) -> {
                List<String> printed =
                    blocks.stream()
                        .map(CodeBlock::code)
                        .filter(code -> code.contains(mark))
                        .toList();
                assertThat(printed).as("%s: %s", page, mark).hasSize(1);
                assertThat(Repository.read(Path.of(file))).contains(printed.get(0));
              });
        });
  }
}
