package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.SlowTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Installs the Python package of {@code client/python} into an environment of its own, without a
 * download, and runs its tests there.
 */
@WaitingTest
final class PythonClientIT {

  private static final Path SOURCE = ProcessRunner.TOP.resolve("client/python");
  private static final long TIMEOUT_MINUTES = 8;

  /** What must succeed, and Debian's packages with it. */
  private static final Map<List<String>, String> TOOLS =
      Map.of(
          List.of("protoc", "--version"),
          "protobuf-compiler",
          List.of("which", "grpc_python_plugin"),
          "protobuf-compiler-grpc",
          List.of("ffmpeg", "-version"),
          "ffmpeg",
          List.of("openssl", "version"),
          "openssl");

  private static final String IMPORTS =
      "import av, build, ensurepip, grpc, hatchling, mypy, numpy, pytest, xdist";

  @TempDir static Path dir;

  private static String debianPython;
  private static String python; // of the environment

  @BeforeAll
  static void install() throws Exception {
    for (Map.Entry<List<String>, String> tool : TOOLS.entrySet()) {
      assumeTrue(
          ProcessRunner.succeeds(tool.getKey().toArray(String[]::new)),
          "%s failed (Debian: %s)".formatted(tool.getKey(), tool.getValue()));
    }
    debianPython =
        List.of("python3", "/usr/bin/python3").stream()
            .filter(each -> ProcessRunner.succeeds(each, "-c", IMPORTS))
            .findFirst()
            .orElse("");
    assumeTrue(
        !debianPython.isEmpty(),
        "no python3 can %s (Debian: mypy python3-av python3-build python3-grpcio python3-hatchling python3-numpy python3-pytest python3-pytest-xdist python3-venv)"
            .formatted(IMPORTS));
    Path environment = dir.resolve("venv");
    succeeds(debianPython, "-m", "venv", "--system-site-packages", environment.toString());
    python = environment.resolve("bin/python").toString();
    succeeds(
        environment.resolve("bin/pip").toString(),
        "install",
        "--no-index",
        "--no-build-isolation",
        SOURCE.toString());
  }

  /** Python's form of 0.1.0-SNAPSHOT is 0.1.0.dev0. */
  @Test
  void versionIsThatOfTheProject() throws Exception {
    String project = Files.readString(ProcessRunner.TOP.resolve("pom.xml"));
    Matcher version = Pattern.compile("<version>(.*)</version>").matcher(project);
    assertThat(version.find()).isTrue();
    assertThat(
            succeeds(python, "-c", "import importlib.metadata as m; print(m.version('lavalier'))"))
        .isEqualTo(version.group(1).replace("-SNAPSHOT", ".dev0") + "\n");
  }

  @Test
  void rulesOfStreamsHold() throws Exception {
    assertThat(
            succeeds(
                python,
                "-m",
                "pytest",
                "tests/test_codecs.py",
                "tests/test_session.py",
                "tests/test_values.py",
                "tests/test_faults.py"))
        .contains(" passed in ")
        .doesNotContain(" skipped");
  }

  @Test
  @SlowTest
  void clientsWorkWithServer() throws Exception {
    assertThat(
            succeeds(
                python, "-m", "pytest", "-n", "2", "tests/test_server.py", "tests/test_aio.py"))
        .contains(" passed in ")
        .doesNotContain(" skipped");
  }

  @Test
  @SlowTest
  void typesAreComplete() throws Exception {
    String cache = dir.resolve("mypy").toString();
    assertThat(
            succeeds(
                debianPython,
                "-m",
                "mypy",
                "--cache-dir",
                cache,
                "--python-executable",
                python,
                "-p",
                "lavalier"))
        .startsWith("Success: ");
  }

  /** Builds the wheel from the source distribution, which therefore is complete. */
  @Test
  @SlowTest
  void wheelAndSourceDistributionAreBuilt() throws Exception {
    Path built = dir.resolve("dist");
    succeeds(
        debianPython,
        "-m",
        "build",
        "--no-isolation",
        "--skip-dependency-check",
        "--outdir",
        built.toString(),
        SOURCE.toString());
    List<String> names = new ArrayList<>();
    try (var files = Files.list(built)) {
      files.map(file -> file.getFileName().toString()).forEach(names::add);
    }
    assertThat(names).hasSize(2).anyMatch(name -> name.endsWith(".tar.gz"));
    String wheel = names.stream().filter(name -> name.endsWith("-any.whl")).findFirst().get();
    assertThat(succeeds(python, "-m", "zipfile", "--list", built.resolve(wheel).toString()))
        .contains("lavalier/py.typed", "lavalier/v1/audio_capture_pb2.pyi", "licenses/LICENSE");
  }

  /**
   * Runs a command in the directory of the package; returns what it prints. It must exit with 0.
   */
  private static String succeeds(String... command) throws Exception {
    Path out = dir.resolve("out");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(SOURCE.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    Process process = builder.start();
    try {
      assertThat(process.waitFor(TIMEOUT_MINUTES, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
    String printed = Files.readString(out);
    assertThat(process.exitValue()).as(printed).isZero();
    return printed;
  }
}
