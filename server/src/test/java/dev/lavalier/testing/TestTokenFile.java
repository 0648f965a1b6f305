package dev.lavalier.testing;

import dev.lavalier.access.Credential;
import dev.lavalier.access.InvalidFileException;
import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * A temporary token file. In its lines, {@code TOKEN(abc)} stands for the entry of the token {@code
 * abc}.
 */
final class TestTokenFile {

  private static final Pattern TOKEN = Pattern.compile("TOKEN\\((.*?)\\)");

  private final Path file;

  private TestTokenFile(Path file) {
    this.file = file;
  }

  static TestTokenFile create(String... lines) {
    try {
      Path file = Files.createTempFile("lavalier-tokens", "");
      file.toFile().deleteOnExit();
      TestTokenFile created = new TestTokenFile(file);
      created.write(lines);
      return created;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void write(String... lines) {
    String text =
        TOKEN
            .matcher(String.join("\n", lines))
            .replaceAll(m -> Credential.Token.of(m.group(1)).toString());
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Reloadable<TokenFile> reloadable() {
    try {
      return TokenFile.reloadable(file);
    } catch (InvalidFileException e) {
      throw new AssertionError(e);
    }
  }
}
