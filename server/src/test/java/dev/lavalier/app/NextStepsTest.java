package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The hint that a new user sees. */
final class NextStepsTest {

  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 127.0.0.1:5",
    "::1, [::1]:5",
    "::, [::]:5",
    "2001:db8:0:0:1:0:0:1, [2001:db8::1:0:0:1]:5",
    "2001:db8::5, [2001:db8::5]:5",
    "fe80:0:0:0:0:0:0:0, [fe80::]:5",
    "1:0:2:3:4:5:6:7, [1:0:2:3:4:5:6:7]:5",
    "1:2:3:4:5:6:7:8, [1:2:3:4:5:6:7:8]:5",
  })
  void addressIsInItsShortForm(String host, String shown) throws IOException {
    assertThat(NextSteps.address(InetAddress.getByName(host), 5)).isEqualTo(shown);
  }

  private String firstCommand(String bound) throws IOException {
    Path program = Files.createDirectories(dir.resolve("bin")).resolve("lavalier");
    Files.writeString(program, "");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    String searchPath = dir + File.pathSeparator + program.getParent();
    String server = NextSteps.reachableAddress(InetAddress.getByName(bound), 50_051);
    return command(searchPath, server);
  }

  private String command(String searchPath, String server) {
    return NextSteps.text(dir, searchPath, server, true).orElseThrow().lines().toList().get(1);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, ''",
    "0.0.0.0, ''",
    "192.0.2.7, '--server 192.0.2.7:50051 '",
    "::, '--server ''[::1]:50051'' '",
    "::1, '--server ''[::1]:50051'' '",
  })
  void commandNamesAnAddressThatCanBeReachedAndTyped(String bound, String typed)
      throws IOException {
    assertThat(firstCommand(bound)).isEqualTo("  lavalier " + typed + "devices");
  }

  @Test
  void pathOfSocketIsQuotedForTheShell() throws IOException {
    assertThat(firstCommand("127.0.0.1")).isNotEmpty(); // creates the client
    String searchPath = dir.resolve("bin").toString();
    assertThat(command(searchPath, "unix:/run/lavalier/lavalier.sock"))
        .contains("--server unix:/run/lavalier/lavalier.sock devices");
    assertThat(command(searchPath, "unix:/a b's")).contains("--server 'unix:/a b'\\''s' devices");
  }

  @Test
  void commandUsesTheClientThatWasBuilt() throws IOException {
    Path jar = dir.resolve("client/cli/target/lavalier.jar");
    Files.createDirectories(jar.getParent());
    Files.createFile(jar);

    assertThat(firstCommand("127.0.0.1"))
        .isEqualTo("  java -jar client/cli/target/lavalier.jar devices");
  }

  @Test
  void nothingIsSuggestedWithoutAClient() {
    assertThat(NextSteps.text(dir, dir.toString(), "127.0.0.1:1", true)).isEmpty();
  }

  @Test
  void nothingIsTriedWithoutADefaultDevice() {
    assertThat(NextSteps.text(dir, dir.toString(), "127.0.0.1:1", false))
        .hasValue(
            "No microphone was found, so there is no default device. --demo gives a test tone.");
  }
}
