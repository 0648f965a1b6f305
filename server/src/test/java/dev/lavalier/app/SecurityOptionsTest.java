package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.testing.Certificates;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Tests the options that are required before other machines can connect. */
final class SecurityOptionsTest {

  @TempDir private Path dir;

  private static ListenOptions listening(String... flags) {
    return CommandLine.populateCommand(new ListenOptions(), flags);
  }

  private static TlsOptions tls(Object... flags) {
    String[] texts = new String[flags.length];
    for (int i = 0; i < flags.length; i++) {
      texts[i] = flags[i].toString();
    }
    return CommandLine.populateCommand(new TlsOptions(), texts);
  }

  private static void assertRefused(Runnable reading, String line) {
    assertThatThrownBy(reading::run).isInstanceOf(IllegalArgumentException.class).hasMessage(line);
  }

  @Test
  void onlyNonLoopbackAddressRequiresTlsAndAuthentication() {
    for (String loopback : new String[] {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
      ListenOptions listening = listening("--bind", loopback);
      InetAddress address = listening.address(false, false).getAddress();
      assertThat(address.isLoopbackAddress()).isTrue();
      assertThat(ListenOptions.warning(address, "there", false, false)).isEmpty();
    }
    ListenOptions anywhere = listening("--bind", "0.0.0.0");
    InetSocketAddress all = anywhere.address(true, true);
    assertThat(all.getPort()).isEqualTo(50_051);
    assertThat(ListenOptions.warning(all.getAddress(), "there", true, true)).isEmpty();
    String end = ". Use a tunnel such as ssh -L, or add --insecure to listen without protection)";
    String start =
        "bind: 0.0.0.0 (expected: a loopback address, such as 127.0.0.1; any other address requires"
            + " ";
    assertRefused(
        () -> anywhere.address(false, false),
        start + "--tls-cert and --tls-key, and --token-file or --tls-client-ca" + end);
    assertRefused(() -> anywhere.address(false, true), start + "--tls-cert and --tls-key" + end);
    assertRefused(
        () -> anywhere.address(true, false), start + "--token-file or --tls-client-ca" + end);
  }

  @Test
  void webPortHasTheSameRequirements() {
    ListenOptions loopback = listening();
    assertThat(loopback.webAddress(null, 8_080, false, false).getAddress().isLoopbackAddress())
        .isTrue();
    String end =
        ": 0.0.0.0 (expected: a loopback address, such as 127.0.0.1; any other address requires"
            + " --token-file or --tls-client-ca. Use a tunnel such as ssh -L, or add --insecure to"
            + " listen without protection)";
    assertRefused(() -> loopback.webAddress("0.0.0.0", 8_080, true, false), "web-bind" + end);
    ListenOptions anywhere = listening("--bind", "0.0.0.0");
    assertRefused(() -> anywhere.webAddress(null, 8_080, true, false), "bind" + end);
    assertThat(anywhere.webAddress(null, 8_080, true, true).getAddress().isAnyLocalAddress())
        .isTrue();
    assertRefused(
        () -> loopback.webAddress(null, -1, false, false), "web-port: -1 (expected: 0..65535)");
  }

  @Test
  void insecureIsLoggedAtEachStart() {
    ListenOptions anywhere = listening("--bind", "0.0.0.0", "--insecure");
    InetAddress all = anywhere.address(false, false).getAddress();
    assertThat(ListenOptions.warning(all, "0.0.0.0:1", false, false))
        .contains("insecure: anyone who can reach 0.0.0.0:1 can listen to this machine");
    assertThat(ListenOptions.warning(all, "0.0.0.0:1", true, false))
        .contains("insecure: anyone who can reach 0.0.0.0:1 can listen to this machine");
    assertThat(ListenOptions.warning(all, "0.0.0.0:1", false, true))
        .contains("insecure: traffic to and from 0.0.0.0:1, including tokens, is not encrypted");
    assertThat(ListenOptions.warning(all, "0.0.0.0:1", true, true)).isEmpty();
  }

  @Test
  void incompleteTlsOptionsAreRejected() throws Exception {
    Certificates made = Certificates.in(dir).ca("ca").signed("server", "/CN=server", "ca");
    made.signed("other", "/CN=other", "ca").expired("old", "/CN=old", "ca");
    Path cert = made.file("server.pem");
    Path key = made.file("server.key");
    assertThat(tls().read()).isEmpty();
    assertThat(
            tls("--tls-cert", cert, "--tls-key", key)
                .read()
                .orElseThrow()
                .requiresClientCertificates())
        .isFalse();
    assertThat(
            tls("--tls-cert", cert, "--tls-key", key, "--tls-client-ca", made.file("ca.pem"))
                .read()
                .orElseThrow()
                .requiresClientCertificates())
        .isTrue();

    assertRefused(
        () -> tls("--tls-cert", cert).read(),
        "tls-cert: " + cert + " (expected: --tls-key as well)");
    assertRefused(
        () -> tls("--tls-key", key).read(), "tls-key: " + key + " (expected: --tls-cert as well)");
    assertRefused(
        () -> tls("--tls-client-ca", cert).read(),
        "tls-client-ca: " + cert + " (expected: --tls-cert and --tls-key as well)");
    assertRefused(
        () -> tls("--tls-cert", cert, "--tls-key", made.file("other.key")).read(),
        "tls-key: "
            + made.file("other.key")
            + " (expected: the key of the certificate in "
            + cert
            + ")");
    assertThatThrownBy(
            () -> tls("--tls-cert", made.file("old.pem"), "--tls-key", made.file("old.key")).read())
        .hasMessageStartingWith(
            "tls-cert: "
                + made.file("old.pem")
                + " (expected: a certificate that has not expired; it expired on 20");
    Path absent = dir.resolve("absent");
    assertRefused(
        () -> tls("--tls-cert", absent, "--tls-key", key).read(),
        "tls-cert: " + absent + " (expected: an existing file)");
    assertRefused(
        () -> tls("--tls-cert", key, "--tls-key", key).read(),
        "tls-cert: " + key + " (expected: certificates in PEM form)");
    assertRefused(
        () -> tls("--tls-cert", cert, "--tls-key", cert).read(),
        "tls-key: "
            + cert
            + " (expected: a PRIVATE KEY in PEM form (PKCS #8, no password); it contains"
            + " CERTIFICATE, see openssl pkcs8 -topk8 -nocrypt)");
    Path empty = Files.createFile(dir.resolve("empty"));
    assertRefused(
        () -> tls("--tls-cert", cert, "--tls-key", key, "--tls-client-ca", empty).read(),
        "tls-client-ca: " + empty + " (expected: at least one certificate in PEM form)");
  }

  @Test
  void commonKeyTypesAreAccepted() throws Exception {
    Certificates made = Certificates.in(dir);
    for (String kind : new String[] {"rsa:2048", "ed25519"}) {
      made.run(
          "req",
          "-x509",
          "-newkey",
          kind,
          "-nodes",
          "-keyout",
          made.file("k.key").toString(),
          "-out",
          made.file("k.pem").toString(),
          "-subj",
          "/CN=k");
      assertThat(tls("--tls-cert", made.file("k.pem"), "--tls-key", made.file("k.key")).read())
          .isPresent();
    }
  }

  @Test
  void alwaysOnDeviceMustBeInAllowList() {
    AccessOptions all = CommandLine.populateCommand(new AccessOptions());
    assertThat(all.allowed(Set.of("mic"))).accepts("mic", "tone");
    AccessOptions some =
        CommandLine.populateCommand(
            new AccessOptions(), "--allow-device", "tone", "--allow-device", "PCH,0");
    assertThat(some.allowed(Set.of("tone"))).accepts("tone", "PCH,0").rejects("mic");
    assertRefused(
        () -> some.allowed(Set.of("mic")),
        "keep-open: mic (expected: a device that --allow-device lists)");
    AccessOptions absent =
        CommandLine.populateCommand(new AccessOptions(), "--token-file", "/absent/tokens");
    assertRefused(absent::tokens, "token-file: /absent/tokens (expected: an existing file)");
  }
}
