package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code lavalier-server token}. */
final class TokenCommandTest {

  @TempDir private Path dir;
  private Path file;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void useNewFile() {
    file = dir.resolve("tokens");
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.addAll(List.of("--token-file", file.toString()));
    return new CommandLine(new TokenCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(all.toArray(String[]::new));
  }

  private String mode() throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  @Test
  void addPrintsTokenAndStoresOnlyItsHash() throws Exception {
    assertThat(run("add", "ann", "--stream", "PCH,0", "--list", "*", "--expires", "2099-01-31"))
        .isZero();
    String token = out.toString().strip();
    assertThat(token).matches("lav_[A-Za-z0-9_-]{43}"); // 256 bits
    String hash =
        HexFormat.of()
            .formatHex(
                MessageDigest.getInstance("SHA-256")
                    .digest(token.getBytes(StandardCharsets.US_ASCII)));
    assertThat(file)
        .hasContent("ann sha256:" + hash + " list=* stream=PCH,0 expires=2099-01-31T00:00:00Z\n");
    assertThat(mode()).isEqualTo("rw-------");
    assertThat(err.toString()).isEmpty();

    assertThat(run("add", "bob", "--admin")).isZero();
    assertThat(out.toString().strip()).isNotEqualTo(token);
    assertThat(run("list")).isZero();
    assertThat(out)
        .hasToString(
            """
            ann  token  list=* stream=PCH,0  expires 2099-01-31T00:00:00Z
            bob  token  admin  never expires
            """);
  }

  @Test
  void certificateEntryHasNoToken() {
    assertThat(run("add", "ann", "--certificate", "CN=Ann Lee,O=Studio", "--stream", "Mic 1"))
        .isZero();
    assertThat(out.toString()).isEmpty();
    assertThat(file).hasContent("ann \"certificate:CN=Ann Lee,O=Studio\" \"stream=Mic 1\"\n");
    assertThat(run("list")).isZero();
    assertThat(out)
        .hasToString("ann  certificate:CN=Ann Lee,O=Studio  stream=Mic 1  never expires\n");
  }

  @Test
  void userEntryHasNoToken() {
    assertThat(run("add", "ann", "--uid", "1000", "--stream", "mic")).isZero();
    assertThat(out.toString()).isEmpty();
    assertThat(file).hasContent("ann uid:1000 stream=mic\n");
    assertThat(run("list")).isZero();
    assertThat(out).hasToString("ann  uid:1000  stream=mic  never expires\n");
  }

  @Test
  void commentsModeAndLinkArePreserved() throws Exception {
    Path real = dir.resolve("real");
    String ann = "ann sha256:" + "0".repeat(64) + " stream=* # since May\n";
    String old = "old sha256:" + "1".repeat(64) + " expires=2020-01-01T00:00:00Z\n";
    Files.writeString(real, "# the studio\n\n" + ann + old + "# the end\n");
    Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rw-r-----"));
    Files.createSymbolicLink(file, real);

    assertThat(run("list")).isZero();
    assertThat(out.toString()).contains("old  token  no grants  expired 2020-01-01T00:00:00Z\n");
    assertThat(run("revoke", "old")).isZero();
    assertThat(real).hasContent("# the studio\n\n" + ann + "# the end\n");
    assertThat(run("add", "bob", "--stream", "*")).isZero();
    assertThat(Files.readString(real))
        .startsWith("# the studio\n\n" + ann + "# the end\nbob sha256:")
        .endsWith(" stream=*\n");
    assertThat(Files.isSymbolicLink(file)).isTrue();
    assertThat(mode()).isEqualTo("rw-r-----");
    assertThat(dir.toFile().list()).containsExactlyInAnyOrder("real", "real.lock", "tokens");
  }

  private void assertFails(int code, String line, String... arguments) throws IOException {
    String before = Files.exists(file) ? Files.readString(file) : null;
    assertThat(run(arguments)).isEqualTo(code);
    assertThat(err).hasToString(line + "\n");
    assertThat(out.toString()).isEmpty();
    assertThat(Files.exists(file) ? Files.readString(file) : null).isEqualTo(before);
  }

  @Test
  void failedCommandPrintsOneLineAndChangesNothing() throws Exception {
    assertFails(1, "token-file: " + file + " (expected: an existing file)", "revoke", "ann");
    assertFails(1, "token-file: " + file + " (expected: an existing file)", "list");
    run("add", "ann", "--admin");
    assertFails(
        1,
        "name: ann (expected: a name that is not in " + file + "; revoke the old entry first)",
        "add",
        "ann",
        "--admin");
    assertFails(1, "name: bob (expected: a name that is in " + file + ")", "revoke", "bob");
    Files.writeString(file, "ann\n");
    assertThat(run("add", "bob", "--admin")).isEqualTo(1);
    assertThat(err.toString()).startsWith("token-file: " + file + ":1: word 2 (expected: ");
  }

  @Test
  void wrongUsageIsRejectedInOneLine() throws Exception {
    assertFails(
        2,
        "name: invalid (expected: a name of 1..64 letters, digits and . _ @ -)",
        "add",
        "lav_abc",
        "--admin");
    assertFails(
        2, "grants: none (expected: at least one of --list, --stream and --admin)", "add", "ann");
    assertFails(
        2,
        "certificate: ann (expected: a subject, such as CN=ann,O=Studio)",
        "add",
        "ann",
        "--admin",
        "--certificate",
        "ann");
    assertFails(
        2,
        "uid: ann (expected: the number of a user, as id -u shows it)",
        "add",
        "ann",
        "--admin",
        "--uid",
        "ann");
    assertFails(
        2,
        "uid: 5 (expected: no --certificate)",
        "add",
        "ann",
        "--admin",
        "--uid",
        "5",
        "--certificate",
        "CN=ann");
    assertFails(
        2,
        "stream: not one line (expected: a device_id, or * for all)",
        "add",
        "ann",
        "--stream",
        "a\nb");
    assertFails(
        2,
        "expires: 2020-01-01 (expected: 30d, 12h, 90m, or a future date or timestamp, such as"
            + " 2027-01-31 or 2027-01-31T12:00:00Z)",
        "add",
        "ann",
        "--admin",
        "--expires",
        "2020-01-01");
  }

  @Test
  void expiryIsDurationDateOrInstant() {
    Instant now = Instant.parse("2027-01-01T10:00:00.5Z");
    assertThat(TokenCommand.expiry("30d", now)).isEqualTo("2027-01-31T10:00:00Z");
    assertThat(TokenCommand.expiry("12h", now)).isEqualTo("2027-01-01T22:00:00Z");
    assertThat(TokenCommand.expiry("90m", now)).isEqualTo("2027-01-01T11:30:00Z");
    assertThat(TokenCommand.expiry("2027-01-31", now)).isEqualTo("2027-01-31T00:00:00Z");
    assertThat(TokenCommand.expiry("2027-01-31T12:00:00Z", now)).isEqualTo("2027-01-31T12:00:00Z");
    for (String wrong : List.of("0d", "d", "30", "30w", "2027-02-30", "Tuesday", "-1d", "")) {
      assertThatThrownBy(() -> TokenCommand.expiry(wrong, now))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("expires: " + wrong + " (expected: ");
    }
  }
}
