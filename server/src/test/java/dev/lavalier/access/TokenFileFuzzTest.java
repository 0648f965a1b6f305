package dev.lavalier.access;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lavalier.fuzz.OneLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * Reads any bytes as a token file: its entries survive a round trip, or it is rejected in one line.
 */
final class TokenFileFuzzTest {

  private Path file;

  @BeforeEach
  void make() throws IOException {
    file =
        Files.createTempFile("lavalier-fuzz", ".tokens"); // readable and writable only by its owner
  }

  @AfterEach
  void delete() throws IOException {
    Files.delete(file);
  }

  @FuzzTest(maxDuration = "5s")
  void read(byte[] bytes) throws Exception {
    Files.write(file, bytes);
    List<TokenEntry> entries;
    try {
      entries = TokenFile.read(file).entries();
    } catch (InvalidFileException e) {
      OneLine.check(e.getMessage());
      return;
    }
    Files.write(file, entries.stream().map(TokenEntry::toLine).toList());
    assertThat(TokenFile.read(file).entries()).isEqualTo(entries);
  }
}
