package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the contents of the jars besides their classes. */
final class JarsIT {

  private static final String NOTICE =
      """
      Lavalier
      Copyright The Lavalier authors
      """;

  /** Returns the jars of a module whose names match a pattern. */
  private static List<Path> jars(String module, String glob) throws IOException {
    List<Path> jars = new ArrayList<>();
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(ProcessRunner.TOP.resolve(module).resolve("target"), glob)) {
      found.forEach(jars::add);
    }
    assertThat(jars).isNotEmpty();
    return jars;
  }

  private static String text(JarFile jar, String name) throws IOException {
    ZipEntry entry = jar.getEntry(name);
    assertThat(entry).as("%s in %s", name, jar.getName()).isNotNull();
    try (InputStream in = jar.getInputStream(entry)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "proto, lavalier-proto, dev.lavalier.proto",
    "container, lavalier-container, dev.lavalier.container",
    "server, lavalier-server, dev.lavalier.server",
    "client/java, lavalier-client, dev.lavalier.client",
    "testing, lavalier-testing, dev.lavalier.junit",
    "client/cli, lavalier-cli, dev.lavalier.client.cli",
  })
  void libraryJarHasLicenceAndModuleName(String module, String name, String moduleName)
      throws IOException {
    String licence = Files.readString(ProcessRunner.TOP.resolve("LICENSE"));
    for (Path path : jars(module, name + "-[0-9]*[0-9T].jar")) { // not -tests.jar
      try (JarFile jar = new JarFile(path.toFile())) {
        assertThat(text(jar, "META-INF/LICENSE")).isEqualTo(licence);
        assertThat(text(jar, "META-INF/NOTICE")).isEqualTo(NOTICE);
        assertThat(jar.getManifest().getMainAttributes().getValue("Automatic-Module-Name"))
            .isEqualTo(moduleName);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"server, lavalier-server.jar", "client/cli, lavalier.jar"})
  void runnableJarHasLicencesOfDependencies(String module, String name) throws IOException {
    try (JarFile jar = new JarFile(jars(module, name).get(0).toFile())) {
      assertThat(text(jar, "META-INF/LICENSE"))
          .isEqualTo(Files.readString(ProcessRunner.TOP.resolve("LICENSE")));
      assertThat(text(jar, "META-INF/copyright"))
          .isEqualTo(Files.readString(ProcessRunner.TOP.resolve("packaging/copyright")));
      assertThat(text(jar, "META-INF/NOTICE")).contains(NOTICE);
    }
  }

  @Test
  void libraryJarHasNoClassOfProgram() throws IOException {
    for (Path path : jars("client/java", "lavalier-client-[0-9]*[0-9T].jar")) {
      try (JarFile jar = new JarFile(path.toFile())) {
        assertThat(jar.stream().map(ZipEntry::getName))
            .noneMatch(entry -> entry.startsWith("dev/lavalier/client/cli/"))
            .noneMatch(entry -> entry.startsWith("dev/lavalier/client/bench/"))
            .doesNotContain("logback.xml");
      }
    }
  }
}
