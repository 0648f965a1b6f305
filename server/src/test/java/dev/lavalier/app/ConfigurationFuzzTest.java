package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lavalier.fuzz.OneLine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * Reads any bytes as a configuration file: the printed settings survive a round trip, or one line
 * says why the file is invalid. Flags set the addresses, so that no name is resolved.
 */
final class ConfigurationFuzzTest {

  private Path file;

  @BeforeEach
  void make() throws IOException {
    file = Files.createTempFile("lavalier-fuzz", ".yaml");
  }

  @AfterEach
  void delete() throws IOException {
    Files.delete(file);
  }

  @FuzzTest(maxDuration = "5s")
  void file(byte[] bytes) throws IOException {
    Files.write(file, bytes);
    String printed = check();
    if (printed != null) {
      Files.writeString(file, printed);
      assertThat(check()).isEqualTo(printed);
    }
  }

  /** Returns the printed settings; null: the file is rejected. */
  private String check() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        ServerMain.run(
            new String[] {
              "check-config",
              "--bind",
              "127.0.0.1",
              "--metrics-bind",
              "127.0.0.1",
              "--config",
              file.toString()
            },
            Map.of(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    if (code == 0) {
      assertThat(err.size()).isZero();
      return out.toString(StandardCharsets.UTF_8);
    }
    assertThat(code).isEqualTo(2);
    String refusal = err.toString(StandardCharsets.UTF_8);
    assertThat(refusal).endsWith(System.lineSeparator());
    OneLine.checkLine(refusal.substring(0, refusal.length() - System.lineSeparator().length()));
    return null;
  }
}
