package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.Repository;
import dev.lavalier.testing.SlowTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts the program and its launchers as processes, in several locales. */
final class LocaleTest {

  @TempDir Path dir;

  private static void assumeLocalesOfLinux() {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/locale")), "this machine has no locales of Linux");
  }

  @ParameterizedTest
  @CsvSource({"ar, EG", "de, DE", "hi, IN", "tr, TR"})
  void messagesAreTheSameInEveryLanguage(String language, String country) throws Exception {
    List<String> locale =
        List.of(
            "-Duser.language=" + language, "-Duser.country=" + country, "-Dfile.encoding=UTF-8");

    ServerProcess.Result result =
        ServerProcess.run(
            dir,
            Map.of("LC_ALL", "C.UTF-8"),
            ServerProcess.server(locale, "check-config", "--period-ms", "4321"));

    assertThat(result.err()).isEqualTo("period-ms: 4321 (expected: 1..100)");
    assertThat(result.code()).isEqualTo(2);
  }

  private String logOfServer(String locale) throws Exception {
    ServerProcess.Result result =
        ServerProcess.run(
            dir,
            Map.of("LC_ALL", locale),
            ServerProcess.server(
                List.of(), "--port", "0", "--allow-device", "tone", "--log-level", "warn"));
    assertThat(result.out()).startsWith("lavalier-server listening on ");
    return result.err();
  }

  @Test
  @SlowTest
  void serverWarnsIfFileNamesCannotHaveAllCharacters() throws Exception {
    assumeLocalesOfLinux();

    assertThat(logOfServer("C").lines())
        .filteredOn(line -> line.contains("set LC_ALL=C.UTF-8"))
        .singleElement()
        .asString()
        .contains(
            "WARN", "file names and arguments can have only the characters of ANSI_X3.4-1968");
    assertThat(logOfServer("C.UTF-8")).doesNotContain("LC_ALL");
  }

  @Test
  void fileNameThatTheLocaleCannotExpressIsRefusedInOneLine() throws Exception {
    assumeLocalesOfLinux();
    Path config = Files.writeString(dir.resolve("server.yaml"), "wav:\n  a: /srv/v\u00f6gel.wav\n");

    ServerProcess.Result result =
        ServerProcess.run(
            dir,
            Map.of("LC_ALL", "C"),
            ServerProcess.server(
                List.of("-Dfile.encoding=UTF-8", "-Dstderr.encoding=UTF-8"), // JDK 17, and newer
                "check-config",
                "--config",
                config.toString()));

    assertThat(result.err())
        .isEqualTo(
            "wav: a=/srv/v\u00f6gel.wav (expected: a file name in the encoding ANSI_X3.4-1968; to use"
                + " other characters, set LC_ALL=C.UTF-8), set by %s:1",
            config);
    assertThat(result.code()).isEqualTo(2);
  }

  /** Runs a launcher with a program in place of Java, which prints the locale. */
  private String localeOfLauncher(String launcher, Map<String, String> environment)
      throws Exception {
    Path java = Files.createDirectories(dir.resolve("jdk/bin")).resolve("java");
    Files.writeString(java, "#!/bin/sh\necho \"${LC_ALL-}|${LANG-}|$(locale charmap)\"\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
    Map<String, String> all = new HashMap<>(environment);
    all.put("JAVA_HOME", dir.resolve("jdk").toString());
    String program = Repository.TOP.resolve("packaging/bin").resolve(launcher).toString();
    return ServerProcess.run(dir, all, List.of("sh", program)).out();
  }

  @ParameterizedTest
  @ValueSource(strings = {"lavalier", "lavalier-server"})
  void launcherUsesUtf8InEveryLocale(String launcher) throws Exception {
    assumeLocalesOfLinux();

    assertThat(localeOfLauncher(launcher, Map.of())).isEqualTo("C.UTF-8||UTF-8");
    assertThat(localeOfLauncher(launcher, Map.of("LC_ALL", "C"))).isEqualTo("C.UTF-8||UTF-8");
    assertThat(localeOfLauncher(launcher, Map.of("LC_ALL", "POSIX", "LANG", "C.UTF-8")))
        .isEqualTo("C.UTF-8|C.UTF-8|UTF-8");
    assertThat(localeOfLauncher(launcher, Map.of("LANG", "xx_XX.UTF-8"))) // not installed
        .isEqualTo("C.UTF-8|xx_XX.UTF-8|UTF-8");
    assertThat(localeOfLauncher(launcher, Map.of("LANG", "C.utf8"))).isEqualTo("|C.utf8|UTF-8");
  }
}
