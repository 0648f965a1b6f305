package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** Builds the programs of {@code client/behaviour} in a folder, or skips the test. */
final class BehaviourPrograms {

  /** The column of the client that connects to the web port. */
  static final String WEB = "npm, web";

  private static final Path SOURCE = ProcessRunner.TOP.resolve("client/behaviour");
  private static final Path TYPESCRIPT = ProcessRunner.TOP.resolve("client/typescript");
  private static final int MISSING_TOOL = 3;
  private static final long BUILD_MINUTES = 8; // the first build compiles the packages of Go

  private BehaviourPrograms() {}

  /** Starts all programs. Their names are the columns of the manual. */
  static List<BehaviourClient> start(Path dir) throws Exception {
    Process go = buildGo(dir);
    List<String> java = buildJava(dir);
    Path packages = dir.resolve("python");
    copy(ProcessRunner.TOP.resolve("client/python/src/lavalier"), packages.resolve("lavalier"));
    String python = ExamplesIT.pythonWithStubs(packages);
    checkTypeScript();
    finish(go, dir);

    Map<String, String> environment = Map.of("PYTHONPATH", packages.toString());
    Map<String, List<String>> commands = new LinkedHashMap<>();
    commands.put("Java", java);
    commands.put("Python", List.of(python, source("behaviour.py"), "sync"));
    commands.put("Python, asyncio", List.of(python, source("behaviour.py"), "asyncio"));
    commands.put("npm, Node.js", List.of("node", source("behaviour.mjs"), "node"));
    commands.put(WEB, List.of("node", source("behaviour.mjs"), "web"));
    commands.put("Go", List.of(dir.resolve("behaviour-go").toString()));
    List<BehaviourClient> clients = new ArrayList<>();
    for (Map.Entry<String, List<String>> command : commands.entrySet()) {
      clients.add(BehaviourClient.start(command.getKey(), command.getValue(), environment));
    }
    return clients;
  }

  private static String source(String name) {
    return SOURCE.resolve(name).toString();
  }

  private static List<String> buildJava(Path dir) throws IOException {
    Path classes = Files.createDirectory(dir.resolve("java"));
    String jar = ProcessRunner.TOP.resolve("client/cli/target/lavalier.jar").toString();
    int code =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-cp",
                jar,
                "-d",
                classes.toString(),
                source("JavaBehaviour.java"));
    assertThat(code).isZero();
    return List.of(
        ProcessRunner.java(), "-cp", classes + File.pathSeparator + jar, "JavaBehaviour");
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(f -> !f.toString().contains("__pycache__")).toList()) {
        Path copy = to.resolve(from.relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(copy);
        } else {
          Files.copy(file, copy);
        }
      }
    }
  }

  /** The package was built after its sources were changed. */
  private static void checkTypeScript() throws IOException {
    assumeTrue(
        ProcessRunner.succeeds("node", "--version"), "node is not installed (Debian: nodejs)");
    Path built = TYPESCRIPT.resolve("dist/web.js");
    assumeTrue(Files.exists(built), "the npm package is not built (in client/typescript: npm ci)");
    try (Stream<Path> sources = Files.list(TYPESCRIPT.resolve("src"))) {
      for (Path source : sources.filter(each -> each.toString().endsWith(".ts")).toList()) {
        assertThat(Files.getLastModifiedTime(source))
            .as("time of %s (in client/typescript: npm run build)", source)
            .isLessThan(Files.getLastModifiedTime(built));
      }
    }
  }

  private static Process buildGo(Path dir) throws IOException {
    return new ProcessBuilder(
            ProcessRunner.TOP.resolve("client/go/with-debian").toString(),
            dir.resolve("go").toString(),
            "build",
            "-o",
            dir.resolve("behaviour-go").toString(),
            source("behaviour.go"))
        .redirectErrorStream(true)
        .redirectOutput(dir.resolve("go.out").toFile())
        .start();
  }

  private static void finish(Process go, Path dir) throws Exception {
    try {
      assertThat(go.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)).as("the build of Go").isTrue();
    } finally {
      go.destroyForcibly().waitFor();
    }
    String out = Files.readString(dir.resolve("go.out"));
    assumeTrue(go.exitValue() != MISSING_TOOL, out);
    assertThat(go.exitValue()).as(out).isZero();
  }
}
