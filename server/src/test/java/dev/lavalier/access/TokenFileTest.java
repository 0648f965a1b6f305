package dev.lavalier.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.Certificates;
import dev.lavalier.testing.LogLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests valid and rejected token files. */
final class TokenFileTest {

  private static final String HASH = "sha256:" + "0123456789abcdef".repeat(4);

  @TempDir private Path dir;

  private Path file(String... lines) throws IOException {
    Path file = dir.resolve("tokens");
    Files.writeString(file, String.join("\n", lines) + "\n");
    return file;
  }

  @Test
  void eachLineIsOneEntry() throws Exception {
    TokenFile tokens =
        TokenFile.read(
            file(
                "# listeners of the studio",
                "",
                "  ann  " + Credential.Token.of("lav_secret") + " stream=PCH,0 list=* # the boss",
                "\"bob\" \"certificate:CN=Bob Lee, O=Studio\" admin expires=2027-01-31T00:00:00Z",
                "eve " + HASH + " \"stream=Mic \\\"#2\\\"\" stream=Mic#2"));
    assertThat(tokens.entries())
        .containsExactly(
            new TokenEntry(
                "ann",
                Credential.Token.of("lav_secret"),
                new Grants(Set.of("*"), Set.of("PCH,0"), false),
                Optional.empty()),
            new TokenEntry(
                "bob",
                new Credential.Certificate(new X500Principal("CN=Bob Lee,O=Studio")),
                new Grants(Set.of(), Set.of(), true),
                Optional.of(Instant.parse("2027-01-31T00:00:00Z"))),
            new TokenEntry(
                "eve",
                new Credential.Token("0123456789abcdef".repeat(4)),
                new Grants(Set.of(), Set.of("Mic \"#2\"", "Mic#2"), false),
                Optional.empty()));
    assertThat(tokens.byToken("lav_secret").orElseThrow().name()).isEqualTo("ann");
    assertThat(tokens.byToken("lav_secreT")).isEmpty();
    assertThat(tokens.byToken("")).isEmpty();
    assertThat(tokens.bySubject(new X500Principal("cn=bob lee, o=STUDIO")).orElseThrow().name())
        .isEqualTo("bob");
    assertThat(tokens).hasToString("3 entries");
  }

  @Test
  void writtenEntriesAreReadBack() throws Exception {
    for (TokenEntry entry :
        List.of(
            new TokenEntry(
                "a",
                Credential.Token.of("x"),
                new Grants(Set.of("*", "back\\slash \"quoted\" "), Set.of("#1", "PCH,0"), true),
                Optional.of(Instant.parse("2027-01-31T12:00:00Z"))),
            new TokenEntry(
                "b",
                new Credential.Certificate(new X500Principal("CN=\"Lee, Ann\",O=A \\\\ B")),
                new Grants(Set.of("ü"), Set.of(), false),
                Optional.empty()))) {
      assertThat(TokenFile.read(file(entry.toLine())).entries()).containsExactly(entry);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ann|word 2 (expected: sha256: and 64 lower-case hex digits, or certificate: and a subject"
            + " such as CN=ann,O=Studio, or uid: and the number of a user)",
        "ann lav_plain|word 2 (expected: sha256: and 64 lower-case hex digits, or certificate: and"
            + " a subject such as CN=ann,O=Studio, or uid: and the number of a user)",
        "ann sha256:12|word 2 (expected: sha256: and 64 lower-case hex digits, or certificate: and"
            + " a subject such as CN=ann,O=Studio, or uid: and the number of a user)",
        "ann certificate:nobody|word 2 (expected: sha256: and 64 lower-case hex digits, or"
            + " certificate: and a subject such as CN=ann,O=Studio, or uid: and the number of a user)",
        "ann uid:-1|word 2 (expected: sha256: and 64 lower-case hex digits, or certificate: and a"
            + " subject such as CN=ann,O=Studio, or uid: and the number of a user)",
        "ann uid:4294967295|word 2 (expected: sha256: and 64 lower-case hex digits, or certificate:"
            + " and a subject such as CN=ann,O=Studio, or uid: and the number of a user)",
        "ann uid:01|word 2 (expected: sha256: and 64 lower-case hex digits, or certificate: and a"
            + " subject such as CN=ann,O=Studio, or uid: and the number of a user)",
        "lav_plain HASH|word 1 (expected: a name of 1..64 letters, digits and . _ @ -)",
        "a/b HASH|word 1 (expected: a name of 1..64 letters, digits and . _ @ -)",
        "ann HASH lav_plain|word 3 (expected: list=ID, stream=ID, admin, or expires=INSTANT once)",
        "ann HASH admin stream=|word 4 (expected: list=ID, stream=ID, admin, or expires=INSTANT"
            + " once)",
        "ann HASH expires=soon|expires=soon (expected: an instant, such as 2027-01-31T00:00:00Z)",
        "ann HASH \"admin|quote: not closed (expected: a closing quote)",
        "old HASH|old (expected: a name that no earlier line has)",
        "ann TAKEN|word 2 (expected: a credential that no earlier line has)",
      })
  void badLineIsRejectedWithLineNumber(String line, String message) throws Exception {
    String taken = Credential.Token.of("taken").toString();
    Path file = file("old " + taken, "# next", line.replace("HASH", HASH).replace("TAKEN", taken));
    assertThatThrownBy(() -> TokenFile.read(file))
        .isInstanceOf(InvalidFileException.class)
        .hasMessage("token-file: " + file + ":3: " + message);
  }

  @Test
  void userIsFoundByNumber() throws Exception {
    TokenFile tokens = TokenFile.read(file("root uid:0 admin", "ann uid:4294967294 stream=*"));
    assertThat(tokens.byUid(0).orElseThrow().name()).isEqualTo("root");
    assertThat(tokens.byUid(4_294_967_294L).orElseThrow().toLine())
        .isEqualTo("ann uid:4294967294 stream=*");
    assertThat(tokens.byUid(1)).isEmpty();
    Path twice = file("ann uid:5 admin", "bob uid:5 admin");
    assertThatThrownBy(() -> TokenFile.read(twice))
        .hasMessageEndingWith(":2: word 2 (expected: a credential that no earlier line has)");
  }

  @Test
  void unreadableFileIsRejected() throws Exception {
    Path absent = dir.resolve("absent");
    assertThatThrownBy(() -> TokenFile.read(absent))
        .hasMessage("token-file: " + absent + " (expected: an existing file)");
    assertThatThrownBy(() -> TokenFile.read(dir))
        .hasMessage("token-file: " + dir + " (expected: a regular file)");
    Path bytes = Files.write(dir.resolve("bytes"), new byte[] {(byte) 0xff, 'a'});
    assertThatThrownBy(() -> TokenFile.read(bytes))
        .hasMessage("token-file: " + bytes + " (expected: text in UTF-8)");
    Path large = Files.write(dir.resolve("large"), new byte[(1 << 20) + 1]);
    assertThatThrownBy(() -> TokenFile.read(large))
        .hasMessage("token-file: " + large + " (expected: a file of at most 1048576 bytes)");
  }

  @Test
  void fileWritableByOthersIsRejected() throws Exception {
    Path file = file("ann " + HASH);
    for (String mode : List.of("rw-rw----", "rw----rw-")) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
      assertThatThrownBy(() -> TokenFile.read(file))
          .hasMessage(
              "token-file: "
                  + file
                  + " (expected: a file that only its owner can write; see chmod go-w)");
    }
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertThat(TokenFile.read(file).entries()).hasSize(1);
  }

  @Test
  void invalidNewVersionIsLoggedAndOldOneStays() throws Exception {
    Path file = file("ann " + HASH);
    try (LogLines log = LogLines.of("dev.lavalier.access")) {
      Reloadable<TokenFile> tokens = TokenFile.reloadable(file);
      assertThat(tokens.reloadIfChanged(0)).isFalse();

      file("ann " + HASH, "bob nothing");
      assertThat(tokens.reloadIfChanged(0)).isFalse();
      assertThat(tokens.reloadIfChanged(0)).isFalse();
      assertThat(tokens.get().byName("ann")).isPresent();

      Files.delete(file);
      assertThat(tokens.reloadIfChanged(0)).isFalse();
      assertThat(tokens.reloadIfChanged(0)).isFalse();
      assertThat(tokens.get().byName("ann")).isPresent();

      file("bob " + HASH);
      assertThat(tokens.reloadIfChanged(0)).isTrue();
      assertThat(tokens.get().byName("ann")).isEmpty();
      assertThat(log.all())
          .containsExactly(
              "ERROR token file not reloaded, keeping the old one: token-file: "
                  + file
                  + ":2: word 2 (expected: sha256: and 64 lower-case hex digits, or certificate:"
                  + " and a subject such as CN=ann,O=Studio, or uid: and the number of a user)",
              "ERROR token file not reloaded, keeping the old one: token-file: "
                  + file
                  + " (expected: an existing file)",
              "INFO token file reloaded: 1 entry");
    }
  }

  /** The old rights stay in force, so the operator must not miss it. */
  @Test
  void errorIsRepeatedEachMinuteUntilFileCanBeUsed() throws Exception {
    Path file = file("ann " + HASH);
    Reloadable<TokenFile> tokens = TokenFile.reloadable(file);
    try (LogLines log = LogLines.of("dev.lavalier.access")) {
      Files.delete(file);
      for (int second = 1; second <= 125; second++) {
        tokens.reloadIfChanged(Duration.ofSeconds(second).toNanos());
      }
      assertThat(log.all())
          .hasSize(3) // after 1, 61 and 121 s
          .containsOnly(
              "ERROR token file not reloaded, keeping the old one: token-file: "
                  + file
                  + " (expected: an existing file)");
      file("ann nothing");
      for (int second = 126; second <= 190; second++) {
        tokens.reloadIfChanged(Duration.ofSeconds(second).toNanos());
      }
      assertThat(log.all()).hasSize(5); // after 126 and 186 s
      file("ann " + HASH);
      for (int second = 191; second <= 300; second++) {
        tokens.reloadIfChanged(Duration.ofSeconds(second).toNanos());
      }
      assertThat(log.all()).hasSize(6).last().isEqualTo("INFO token file reloaded: 1 entry");
    }
  }

  @Test
  void fileOfAnotherUserIsRejectedByServer() throws Exception {
    assertThat(ConfigFile.foreignOwner(0, 1000, "root")).isEmpty();
    assertThat(ConfigFile.foreignOwner(1000, 1000, "ann")).isEmpty();
    assertThat(ConfigFile.foreignOwner(1001, 1000, "bob")).contains("bob");
    assertThat(ConfigFile.foreignOwner(1001, 0, "bob")).contains("bob");
    assertThat(ConfigFile.foreignOwner(-2, 4_294_967_294L, "nobody")).isEmpty();

    Path file = file("ann " + HASH);
    Reloadable<TokenFile> tokens = TokenFile.reloadable(file);
    assumeTrue(Files.getOwner(file).getName().equals("root"), "only root can change an owner");
    Files.setAttribute(file, "unix:uid", 65_534);
    String owner = Files.getOwner(file).getName();
    String message =
        "token-file: %s (expected: a file whose owner is root or the user of the server, not %s; see chown)"
            .formatted(file, owner);
    assertThatThrownBy(() -> TokenFile.reloadable(file)).hasMessage(message);
    try (LogLines log = LogLines.of("dev.lavalier.access")) {
      assertThat(tokens.reloadIfChanged(0)).isFalse();
      assertThat(log.all())
          .containsExactly("ERROR token file not reloaded, keeping the old one: " + message);
    }
  }

  @Test
  void keyAndClientCaThatOthersCanReplaceAreReported() throws Exception {
    Certificates made = Certificates.in(dir).ca("ca").signed("server", "/CN=server", "ca");
    Path key = made.file("server.key");
    Path ca = made.file("ca.pem");
    TlsFiles files = new TlsFiles(made.file("server.pem"), key, Optional.of(ca));
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    Files.setPosixFilePermissions(ca, PosixFilePermissions.fromString("rw-r--r--"));
    try (LogLines log = LogLines.of("dev.lavalier.access")) {
      var unused = files.parse(files.read());
      assertThat(log.all()).isEmpty();
      Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw--w----"));
      Files.setPosixFilePermissions(ca, PosixFilePermissions.fromString("rw-r--rw-"));
      unused = files.parse(files.read());
      String end = "; remove that permission with chmod go-w";
      assertThat(log.all())
          .containsExactly(
              "WARN tls-key: users other than its owner can replace " + key + end,
              "WARN tls-client-ca: users other than its owner can replace " + ca + end);
    }
  }
}
