package dev.lavalier.fleet.nats;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.access.InvalidFileException;
import dev.lavalier.testing.Certificates;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that a wrong option is one line for the operator, before the start. */
final class NatsOptionsTest {

  @TempDir private Path directory;

  private static NatsOptions options(String url, Optional<Path> key, Optional<NatsTls> tls) {
    return new NatsOptions(List.of(url), "studio-3", key, tls, false);
  }

  private NatsTls tls(String ca, String certificate, String key) {
    return new NatsTls(
        Optional.of(directory.resolve(ca)),
        Optional.of(directory.resolve(certificate)),
        Optional.of(directory.resolve(key)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "localhost", "http://localhost", "nats://", "nats://a b", "nats://host/path"})
  void malformedUrlIsOneLine(String url) {
    assertThatThrownBy(() -> options(url, Optional.empty(), Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "fleet: %s (expected: nats://HOST:PORT or tls://HOST:PORT, without a user)"
                .formatted(url));
  }

  @ParameterizedTest
  @ValueSource(strings = {"nats://localhost", "tls://host:4222", "nats://[::1]:4222", "nats://h/"})
  void urlOfAServerIsAccepted(String url) {
    assertThatCode(() -> options(url, Optional.empty(), Optional.empty()).checkFiles())
        .doesNotThrowAnyException();
  }

  @Test
  void passwordInTheUrlIsRefusedAndNotRepeated() {
    assertThatThrownBy(() -> options("nats://user:secret@host", Optional.empty(), Optional.empty()))
        .hasMessageStartingWith("fleet: nats://USER@host (expected: ")
        .hasMessageNotContaining("secret");
  }

  @Test
  void certificateWithoutKeyIsRefused() {
    assertThatThrownBy(
            () -> new NatsTls(Optional.empty(), Optional.of(Path.of("node.pem")), Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("fleet-cert: node.pem (expected: fleet-cert and fleet-private-key together)");
  }

  @Test
  void filesAreCheckedBeforeTheStart() throws Exception {
    Certificates.in(directory).ca("ca").signed("node", "/CN=node", "ca").ca("other");
    Path noKey = Files.writeString(directory.resolve("empty.nk"), "");

    assertThatCode(() -> check(tls("ca.pem", "node.pem", "node.key"))).doesNotThrowAnyException();
    assertRefused(tls("missing.pem", "node.pem", "node.key"), "fleet-ca: ", "an existing file");
    assertRefused(tls("ca.pem", "empty.nk", "node.key"), "fleet-cert: ", "certificate");
    assertRefused(tls("ca.pem", "node.pem", "ca.pem"), "fleet-private-key: ", "a PRIVATE KEY");
    assertRefused(tls("ca.pem", "node.pem", "other.key"), "fleet-private-key: ", "the key of the");
    assertThatThrownBy(() -> options("nats://h", Optional.of(noKey), Optional.empty()).checkFiles())
        .isInstanceOf(InvalidFileException.class)
        .hasMessageStartingWith("fleet-key: " + noKey + " (expected: the seed of a user");
  }

  @Test
  void expiredCertificateDoesNotPreventTheStart() throws Exception {
    Certificates.in(directory).ca("ca").expired("node", "/CN=node", "ca");

    assertThatCode(() -> check(tls("ca.pem", "node.pem", "node.key"))).doesNotThrowAnyException();
  }

  private static void check(NatsTls tls) throws InvalidFileException {
    options("tls://h", Optional.empty(), Optional.of(tls)).checkFiles();
  }

  private static void assertRefused(NatsTls tls, String setting, String expected) {
    assertThatThrownBy(() -> check(tls))
        .isInstanceOf(InvalidFileException.class)
        .hasMessageStartingWith(setting)
        .hasMessageContaining(expected);
  }
}
