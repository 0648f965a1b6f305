package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.MarkdownPage.CodeBlock;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs the code blocks of one page, one after the other, in a directory that looks like the top of
 * the repository. Clients connect to a server of the test, and recordings are cut to one second.
 */
final class BlockRunner implements AutoCloseable {

  /**
   * A program that a block needs and a machine can lack.
   *
   * @param use matches a block that needs it
   * @param check a command that succeeds if it is there
   * @param packages Debian's packages
   */
  private record Tool(Pattern use, String check, String packages) {
    static Tool of(String use, String check, String packages) {
      return new Tool(Pattern.compile(use), check, packages);
    }
  }

  private static final String PYTHON = "python3 -c 'import grpc, grpc_tools.protoc'";
  private static final List<Tool> TOOLS =
      List.of(
          Tool.of("\\bffmpeg\\b", "ffmpeg -version", "ffmpeg"),
          Tool.of("\\bsox\\b", "sox --version", "sox"),
          Tool.of("\\bnode\\b", "node --version", "nodejs"),
          Tool.of(
              "\\bnode listen\\b",
              "test -d client/typescript/dist",
              "npm; in client/typescript: npm ci"),
          Tool.of(
              "\\bnpm\\b",
              "test -d client/examples/javascript/node_modules/@grpc/grpc-js",
              "npm; in client/examples/javascript: npm ci"),
          Tool.of("\\bpython3\\b|import grpc", PYTHON, "python3-grpcio python3-grpc-tools"),
          Tool.of("\\bpytest\\b", "python3 -c 'import pytest'", "python3-pytest"),
          Tool.of(
              "build/venv|import lavalier\\b",
              "python3 -c 'import ensurepip, grpc, hatchling' && protoc --version && which grpc_python_plugin",
              "python3-venv python3-grpcio python3-hatchling protobuf-compiler protobuf-compiler-grpc"),
          Tool.of("import soundfile", "python3 -c 'import soundfile'", "python3-soundfile"),
          Tool.of("codec=\"", "python3 -c 'import av'", "python3-av"),
          Tool.of("import numpy", "python3 -c 'import numpy'", "python3-numpy"),
          Tool.of(
              "\\bgrpc_cpp_plugin\\b|\\blisten-cpp\\b",
              "protoc --version && command -v grpc_cpp_plugin && g++ --version && pkg-config --exists grpc++",
              "g++ pkg-config libgrpc++-dev protobuf-compiler protobuf-compiler-grpc"),
          Tool.of(
              "\\bgrpc_ruby_plugin\\b|\\bruby -I\\b",
              "protoc --version && command -v grpc_ruby_plugin && ruby -r grpc -e ''",
              "ruby ruby-grpc protobuf-compiler protobuf-compiler-grpc"),
          Tool.of(
              "\\bwith-debian\\b",
              "client/go/with-debian build/go version",
              "golang-go golang-google-grpc-dev golang-github-golang-protobuf-1-5-dev"));

  private static final String DOCUMENTED_ADDRESS = "127.0.0.1:50051";
  private static final Pattern PYTHON_PACKAGE = Pattern.compile("(?m)^import lavalier$");
  private static final Pattern LENGTH = Pattern.compile("--seconds [0-9]+");

  /** The name of a recording; its conversions, such as %Y, stand for the capture time. */
  private static final Pattern RECORDING = Pattern.compile("[\\w%][\\w%-]*\\.(?:wav|flac|opus)\\b");

  /** The programs that connect to the documented address unless they are given another one. */
  private static final Pattern CLIENT =
      Pattern.compile("(?:\\blavalier\\.jar|/record\\.py|/pull\\.py|\\brecord\\.mjs)\\b");

  /** Ended by itself, by SIGINT or by SIGTERM. */
  private static final Set<Integer> STOPPED = Set.of(0, 130, 143);

  private final Path folder;
  private final String address;
  private final List<Path> links = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();

  BlockRunner(Path folder, String address) throws IOException {
    this.folder = folder;
    this.address = address;
    for (String part :
        List.of(
            "server",
            "proto",
            "client/cli",
            "client/go",
            "client/typescript",
            "client/examples/python",
            "client/python")) {
      link(part);
    }
    link("node_modules/@lavalier/client", "client/typescript");
    String javaScript = "client/examples/javascript";
    try (Stream<Path> files = Files.list(ProcessRunner.TOP.resolve(javaScript))) {
      for (Path file : files.toList()) {
        link(javaScript + "/" + file.getFileName());
      }
    }
    String java = Path.of(ProcessRunner.java()).getParent().toString();
    environment.put(
        "PATH", String.join(File.pathSeparator, folder + "/bin", java, System.getenv("PATH")));
    environment.put("PYTHONUNBUFFERED", "1"); // a pipe is not a terminal
    environment.put("LAVALIER_PORT", "0"); // for the servers that blocks start
    // This test is part of the build that a block begins with, and npm has run before.
    addProgram("mvn", ":");
    addProgram("npm", ":");
    addProgram(
        "lavalier",
        "exec java -jar client/cli/target/lavalier.jar --server " + address + " \"$@\"");
    // The first python3 can be one without Debian's packages.
    if (run(PYTHON).code() != 0) {
      addProgram("python3", "exec /usr/bin/python3 \"$@\"");
    }
  }

  private void link(String part) throws IOException {
    link(part, part);
  }

  private void link(String name, String part) throws IOException {
    Path link = folder.resolve(name);
    Files.createDirectories(link.getParent());
    links.add(Files.createSymbolicLink(link, ProcessRunner.TOP.resolve(part)));
  }

  /** Removes the links, so that nothing can delete the repository through them. */
  @Override
  public void close() throws IOException {
    for (Path link : links) {
      Files.delete(link);
    }
  }

  private void addProgram(String name, String command) throws IOException {
    Path file = Files.createDirectories(folder.resolve("bin")).resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + command + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private List<String> command(String script) {
    return List.of(
        "timeout", "100", "bash", "-e", "-o", "pipefail", "-c", "cd '" + folder + "'\n" + script);
  }

  private ProcessRunner.Result run(String script) {
    try {
      return ProcessRunner.run(command(script), environment);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  String adapted(String code) {
    String cut = LENGTH.matcher(code).replaceAll("--seconds 1");
    return CLIENT
        .matcher(cut.replace(DOCUMENTED_ADDRESS, address))
        .replaceAll("$0 --server " + address);
  }

  /** Skips a block that needs a program which is not installed. */
  void assumeTools(CodeBlock block) {
    for (Tool tool : TOOLS) {
      if (tool.use().matcher(block.code()).find()) {
        assumeTrue(
            run(tool.check()).code() == 0,
            "%s failed (Debian: %s)".formatted(tool.check(), tool.packages()));
      }
    }
  }

  /** Checks the syntax. */
  void parse(CodeBlock block) {
    assertThat(run("bash -n <<'END OF BLOCK'\n" + block.code() + "END OF BLOCK\n"))
        .isEqualTo(new ProcessRunner.Result(0, "", ""));
  }

  /** Runs a block to its end. It must succeed, and each recording that it names must exist then. */
  void runToEnd(CodeBlock block) throws IOException {
    ProcessRunner.Result result = run(adapted(block.code()));
    assertThat(result.code()).as("%s%s", result.out(), result.err()).isZero();
    for (String name : RECORDING.matcher(block.code()).results().map(m -> m.group()).toList()) {
      PathMatcher recording =
          folder.getFileSystem().getPathMatcher("glob:" + name.replaceAll("(?:%\\w)+", "*"));
      try (Stream<Path> files = Files.walk(folder)) {
        assertThat(files.filter(file -> recording.matches(file.getFileName())).toList())
            .as(name)
            .isNotEmpty()
            .allMatch(file -> file.toFile().length() > 0);
      }
    }
  }

  /** Runs each command of a block until it has printed a line, and stops it. */
  void runUntilStopped(CodeBlock block) throws Exception {
    for (String line : block.code().replace("\\\n", " ").lines().toList()) {
      runUntilStopped(line);
    }
  }

  private void runUntilStopped(String script) throws Exception {
    Path errors = folder.resolve("errors");
    ProcessBuilder builder =
        new ProcessBuilder(command(adapted(script)))
            .redirectInput(new File("/dev/null"))
            .redirectError(errors.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.readLine()).as(() -> text(errors)).isNotEmpty();
      process
          .descendants()
          .filter(each -> each.children().findAny().isEmpty())
          .forEach(ProcessHandle::destroy);
      while (out.readLine() != null) {
        // the rest
      }
    }
    assertThat(process.waitFor()).as(() -> text(errors)).isIn(STOPPED);
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Writes a block to a file that later blocks of the page use. */
  void save(CodeBlock block, String name) throws IOException {
    Files.writeString(folder.resolve(name), adapted(block.code()));
  }

  /** Runs a Python program until it has printed a line: with the package, or with the stubs. */
  void runPython(CodeBlock block) throws Exception {
    String name = "block" + block.line() + ".py";
    Files.writeString(folder.resolve(name), adapted(block.code()));
    String python =
        PYTHON_PACKAGE.matcher(block.code()).find()
            ? "build/venv/bin/python "
            : "PYTHONPATH=build/python python3 ";
    runUntilStopped(python + name);
  }

  /** Compiles a Java block. Runs it until it has printed a line, if it connects by itself. */
  void runJava(CodeBlock block) throws Exception {
    JavaBlock program = new JavaBlock(adapted(block.code()), block.line());
    List<String> classPath = new ArrayList<>(List.of(folder.toString()));
    classPath.add(program.compile(folder));
    if (block.code().contains(DOCUMENTED_ADDRESS)) {
      runUntilStopped(
          "java -cp '%s' %s".formatted(String.join(File.pathSeparator, classPath), program.name()));
    }
  }
}
