package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.testing.Certificates;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Tests the options for a server of a fleet. */
final class FleetOptionsTest {

  private static final String LOCAL = "nats://127.0.0.1:4222";

  @TempDir private Path dir;

  private static ServerOptions.Values all(String... flags) {
    return CommandLine.populateCommand(new ServerOptions(), flags).values();
  }

  private static FleetOptions.Values values(String... flags) {
    return all(flags).fleet().orElseThrow();
  }

  private static void assertRefused(String line, String... flags) {
    assertThatThrownBy(() -> all(flags))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(line);
  }

  /** Returns the file of a new key. */
  private String key() {
    Path file = dir.resolve("fleet.key");
    assertThat(fleetKey("--edge", "e", file.toString()).code()).isZero();
    return file.toString();
  }

  private record Result(int code, String out, String err) {}

  private static Result fleetKey(String... args) {
    List<String> all = new ArrayList<>(List.of("fleet-key"));
    all.addAll(List.of(args));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        ServerMain.run(
            all.toArray(String[]::new),
            Map.of(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8).strip());
  }

  @Test
  void serverIsInNoFleetUnlessItIsSet() {
    assertThat(all().fleet()).isEmpty();
    assertThat(all().isEdge()).isFalse();
  }

  @Test
  void nodeSharesOnlyTheNamedDevices() {
    FleetOptions.Values none = values("--fleet", LOCAL, "--fleet-node", "studio-3");
    assertThat(none.role()).isEqualTo(FleetOptions.Role.NODE);
    assertThat(none.name()).isEqualTo("studio-3");
    assertThat(none.isShared("tone")).isFalse();
    FleetOptions.Values two =
        values(
            "--fleet=" + LOCAL,
            "--fleet-node=n",
            "--fleet-share=PCH,0",
            "--fleet-share=a/b",
            "--allow-device=PCH,0",
            "--allow-device=a/b");
    assertThat(two.isShared("PCH,0")).isTrue();
    assertThat(two.isShared("a/b")).isTrue();
    assertThat(two.isShared("tone")).isFalse();
    FleetOptions.Values all =
        values("--fleet=" + LOCAL, "--fleet-node=n", "--fleet-share=*", "--fleet-record=mic");
    assertThat(all.isShared("tone")).isTrue();
    assertThat(all.recorded()).containsExactly("mic");
    assertThat(all.state()).isEmpty();
  }

  @Test
  void edgeHasSeveralServers() {
    ServerOptions.Values edge = all("--fleet", LOCAL + ",nats://[::1]", "--fleet-edge", "edge-7");
    assertThat(edge.isEdge()).isTrue();
    assertThat(edge.fleet().orElseThrow().servers()).containsExactly(LOCAL, "nats://[::1]");
  }

  @Test
  void remoteServerRequiresTlsAndAuthentication() {
    String key = key();
    String tls = "tls://nats.example:4222";
    String missing =
        " (expected: a loopback address; any other address requires tls://, and --fleet-key or"
            + " --fleet-cert. Add --insecure to connect without protection)";
    assertRefused(
        "fleet: nats://10.0.0.1:4222" + missing,
        "--fleet=nats://10.0.0.1:4222",
        "--fleet-edge=e",
        "--fleet-key=" + key);
    assertRefused("fleet: " + tls + missing, "--fleet=" + tls, "--fleet-edge=e");
    assertRefused(
        "fleet: nats://localhost.example" + missing,
        "--fleet=" + LOCAL + ",nats://localhost.example",
        "--fleet-edge=e");
    FleetOptions.Values safe = values("--fleet=" + tls, "--fleet-edge=e", "--fleet-key=" + key);
    assertThat(safe.unprotected()).isEmpty();
    assertThat(safe.key()).contains(Path.of(key));
    assertThat(values("--fleet=nats://localhost", "--fleet-edge=e").unprotected()).isEmpty();
    assertThat(values("--fleet=nats://10.0.0.1", "--fleet-edge=e", "--insecure").unprotected())
        .contains("nats://10.0.0.1");
  }

  @Test
  void certificateAndPrivateKeyRequireEachOther() throws Exception {
    Certificates made = Certificates.in(dir).ca("ca").signed("me", "/CN=me", "ca");
    Path cert = made.file("me.pem");
    Path key = made.file("me.key");
    String[] flags = {"--fleet=tls://h", "--fleet-edge=e"};
    assertRefused(
        "fleet-cert: " + cert + " (expected: --fleet-private-key as well)",
        flags[0],
        flags[1],
        "--fleet-cert=" + cert);
    assertRefused(
        "fleet-private-key: " + key + " (expected: --fleet-cert as well)",
        flags[0],
        flags[1],
        "--fleet-private-key=" + key);
    assertRefused(
        "fleet-ca: " + cert + " (expected: --fleet with tls:// URLs)",
        "--fleet=" + LOCAL,
        flags[1],
        "--fleet-ca=" + cert);
    FleetOptions.Values values =
        values(flags[0], flags[1], "--fleet-cert=" + cert, "--fleet-private-key=" + key);
    FleetOptions.Tls tls = values.tls().orElseThrow();
    assertThat(tls.certificate()).contains(cert);
    assertThat(tls.privateKey()).contains(key);
    assertThat(tls.ca()).isEmpty();
    assertThat(values(flags[0], flags[1], "--fleet-key=" + key()).tls()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nats://",
        "nats://host:0",
        "nats://host:65536",
        "nats://host/subject",
        "http://host",
        "host:4222",
        "nats://a host",
        ""
      })
  void malformedUrlIsRefused(String url) {
    assertRefused(
        "fleet: %s (expected: nats://HOST[:PORT] or tls://HOST[:PORT])"
            .formatted(url.isEmpty() ? "empty" : url),
        "--fleet=" + url,
        "--fleet-edge=e");
  }

  @ParameterizedTest
  @CsvSource({
    "nats://user:secret@host, nats://...@host",
    "nats:user:secret@host, ...@host",
    "user:secret@host, ...@host",
    "nats://host?token=secret, nats://host?...",
  })
  void passwordOfAUrlIsRefusedAndNotShown(String url, String shown) {
    assertRefused(
        "fleet: %s (expected: nats://HOST[:PORT] or tls://HOST[:PORT])".formatted(shown),
        "--fleet=" + url,
        "--fleet-edge=e");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--fleet-node=n | fleet-node: n (expected: --fleet as well)",
        "--fleet-share=d | fleet-share: d (expected: --fleet as well)",
        "--fleet-old-engine | fleet-old-engine: true (expected: --fleet as well)",
        "--fleet-record=d | fleet-record: d (expected: --fleet as well)",
        "--fleet-state=f | fleet-state: f (expected: --fleet as well)",
        "--fleet=nats://localhost --fleet-node=n --fleet-record=d | fleet-record: d (expected: a device that --fleet-share lists)",
        "--fleet=nats://localhost --fleet-edge=e --fleet-record=d | fleet-record: d (expected: --fleet-node; an edge has no devices of its own)",
        "--fleet=nats://localhost --fleet-edge=e --fleet-state=f | fleet-state: f (expected: --fleet-node; an edge numbers no epochs)",
        "--fleet=nats://localhost | fleet: nats://localhost (expected: --fleet-node or --fleet-edge as well)",
        "--fleet=nats://localhost,tls://localhost --fleet-edge=e | fleet: tls://localhost (expected: nats://, like the first one)",
        "--fleet=nats://localhost --fleet-node=n --fleet-edge=e | fleet-edge: e (expected: not together with --fleet-node)",
        "--fleet=nats://localhost --fleet-node=Studio | fleet-node: Studio (expected: at most 40 of a-z, 0-9 and -, not - first)",
        "--fleet=nats://localhost --fleet-edge= | fleet-edge: empty (expected: at most 40 of a-z, 0-9 and -, not - first)",
        "--fleet=nats://localhost --fleet-edge=e --fleet-share=d | fleet-share: d (expected: --fleet-node; an edge has no devices of its own)",
        "--fleet=nats://localhost --fleet-node=n --fleet-share=d --allow-device=c | fleet-share: d (expected: a device that --allow-device lists)",
        "--fleet=nats://localhost --fleet-node=n --fleet-share= | fleet-share: empty (expected: a device_id)",
        "--fleet=nats://localhost --fleet-node=n --fleet-key=/nowhere | fleet-key: /nowhere (expected: an existing file)",
        "--fleet=nats://localhost --fleet-edge=e --demo | demo: true (expected: not together with --fleet-edge; an edge has no devices of its own)",
        "--fleet=nats://localhost --fleet-edge=e --device-format=d=16000/1/s16le | device-format: d=16000/1/s16le (expected: not together with --fleet-edge; an edge has no devices of its own)",
      })
  void impossibleCombinationIsRefused(String flags, String line) {
    assertRefused(line, flags.split(" "));
  }

  @Test
  void keyIsSecretAndItsEntryHasThePermissionsOfItsOwner() throws Exception {
    Path file = dir.resolve("node.key");
    Result node = fleetKey("--node", "studio-3", file.toString());
    assertThat(node.code()).isZero();
    assertThat(node.out())
        .contains("{ nkey: U", "\"lav.1.pcm.studio-3.*\"", "\"lav.1.ctl.studio-3.*\"")
        .doesNotContain("lav.1.pcm.*");
    assertThat(Files.readString(file)).matches("SU[A-Z2-7]{56}\n");
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThat(values("--fleet=" + LOCAL, "--fleet-node=studio-3", "--fleet-key=" + file).key())
        .contains(file);
    Result edge = fleetKey("--edge", "edge-7", dir.resolve("edge.key").toString());
    assertThat(edge.out())
        .contains("\"lav.1.ctl.*.edge-7\"", "\"_INBOX_edge-7.>\"")
        .doesNotContain("allow_responses", "lav.1.rec");
    Result records = fleetKey("--record", "--node", "n", dir.resolve("record.key").toString());
    assertThat(records.out()).contains("\"lav.1.rec.n.*\"", "\"_INBOX_n.>\"");
  }

  @Test
  void keyIsNotReplaced() {
    String file = key();
    Result again = fleetKey("--edge", "e", file);
    assertThat(again.err()).isEqualTo("file: " + file + " (expected: a new file)");
    assertThat(again.code()).isEqualTo(1);
    Path other = dir.resolve("other");
    assertThat(fleetKey("--node", "A B", other.toString()).err())
        .isEqualTo("node: A B (expected: at most 40 of a-z, 0-9 and -, not - first)");
    assertThat(other).doesNotExist();
    assertThat(fleetKey(other.toString()).code()).isEqualTo(2);
    assertThat(fleetKey("--node", "a", "--edge", "b", other.toString()).code()).isEqualTo(2);
  }

  @Test
  void fileForTheStateThatCannotBeWrittenIsRefused() {
    String file = dir.resolve("missing/epochs").toString();
    ServerOptions.Values config =
        all("--fleet=" + LOCAL, "--fleet-node=n", "--fleet-state=" + file, "--port=0");
    assertThatThrownBy(() -> new LavalierServer(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "fleet-state: " + file + " (expected: a file that the server can read and write; ");
  }

  @Test
  void nodeOfASystemdUnitKeepsItsStateInTheStateDirectory() throws Exception {
    ServerProcess.Result result =
        ServerProcess.run(
            dir,
            Map.of("STATE_DIRECTORY", dir + ":/elsewhere"),
            ServerProcess.server(
                List.of(), "--port", "0", "--fleet", "nats://127.0.0.1:1", "--fleet-node", "n"));
    assertThat(result.out()).startsWith("lavalier-server listening on ");
    assertThat(Files.readString(dir.resolve("fleet-epochs"))).matches("\\d{16}\\s*");
  }

  /** Starts a server, stops it, and returns the lines about the classes that it has loaded. */
  private List<String> loadedClasses(String... flags) throws Exception {
    Path classes = dir.resolve("classes");
    ServerProcess.Result result =
        ServerProcess.run(
            dir,
            Map.of(),
            ServerProcess.server(List.of("-Xlog:class+load:file=" + classes), flags));
    assertThat(result.out()).startsWith("lavalier-server listening on ");
    List<String> loaded = Files.readAllLines(classes);
    assertThat(loaded).anyMatch(line -> line.contains("dev.lavalier.hub.Hub "));
    return loaded;
  }

  @Test
  void serverWithoutAFleetLoadsNoClassOfOne() throws Exception {
    assertThat(loadedClasses("--port", "0", "--allow-device", "tone"))
        .filteredOn(line -> line.contains("dev.lavalier.fleet.") || line.contains("io.nats."))
        .isEmpty();
  }

  /** Port 1 of this machine has no nats-server. */
  @Test
  void edgeStartsWithoutNatsServerAndOpensNoSoundSystem() throws Exception {
    assertThat(
            loadedClasses("--port", "0", "--fleet", "nats://127.0.0.1:1", "--fleet-edge", "edge-1"))
        .filteredOn(line -> line.contains("javax.sound.") || line.contains("com.sun.media.sound."))
        .isEmpty();
  }
}
