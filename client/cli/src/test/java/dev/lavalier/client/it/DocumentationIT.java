package dev.lavalier.client.it;

import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.lavalier.testing.MarkdownPage;
import dev.lavalier.testing.MarkdownPage.CodeBlock;
import dev.lavalier.testing.Repository;
import dev.lavalier.testing.ShellCommands;
import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * The code blocks of README.md and docs/user work, in the order of each page. A comment in the line
 * before a block can say {@code not run: REASON}, {@code until stopped}: each of its commands runs
 * until it has printed a line, or {@code file: NAME}: later blocks use the block as this file.
 */
@SlowTest
@WaitingTest
final class DocumentationIT {

  private static final String FILE = "file: ";

  @TempDir Path dir;

  private final List<BlockRunner> runners = new ArrayList<>();

  private ServerProcess server;

  @BeforeEach
  void start() throws IOException {
    server =
        ServerProcess.start(Map.of(), "--demo", "--history-ms", "15000", "--keep-open", "tone");
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
    for (BlockRunner runner : runners) {
      runner.close();
    }
  }

  @TestFactory
  Stream<DynamicContainer> blocks() {
    return Repository.pages().stream()
        .filter(
            page -> page.path().startsWith("docs/user") || page.path().equals(Path.of("README.md")))
        .map(page -> dynamicContainer(page.path().toString(), blocks(page)));
  }

  private Stream<DynamicTest> blocks(MarkdownPage page) {
    try {
      Path folder = Files.createDirectories(dir.resolve(page.path().getFileName().toString()));
      BlockRunner runner = new BlockRunner(folder, server.address());
      runners.add(runner);
      return page.codeBlocks().stream()
          .map(block -> dynamicTest("line " + block.line(), () -> check(block, runner)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void check(CodeBlock block, BlockRunner runner) throws Exception {
    if (block.marker().startsWith(FILE)) {
      runner.save(block, block.marker().substring(FILE.length()));
      return;
    }
    switch (block.language()) {
      case "sh" -> checkShell(block, runner);
      case "python" -> {
        if (!block.code().contains("import pytest")) { // a shell block runs the file
          runner.assumeTools(block);
          runner.runPython(block);
        }
      }
      case "java" -> {
        if (!block.code().contains("@Test")) { // the module testing runs it
          runner.runJava(block);
        }
      }
      default -> {} // not code
    }
  }

  private static void checkShell(CodeBlock block, BlockRunner runner) throws Exception {
    runner.parse(block);
    if (block.marker().startsWith("not run: ") || onlyBuilds(block)) {
      return;
    }
    runner.assumeTools(block);
    if (block.marker().equals("until stopped") || startsServer(block)) {
      runner.runUntilStopped(block);
    } else {
      runner.runToEnd(block);
    }
  }

  /** A build inside the build that runs this test would change what the other tests use. */
  private static boolean onlyBuilds(CodeBlock block) {
    return ShellCommands.of(block.code()).stream().allMatch(words -> words.get(0).equals("mvn"));
  }

  private static boolean startsServer(CodeBlock block) {
    return !ShellCommands.argumentsOf("lavalier-server", block.code()).isEmpty();
  }
}
