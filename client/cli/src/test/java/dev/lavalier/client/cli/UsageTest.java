package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.FakeServer;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Wrong usage: exit code 2 and one line that names the flag, before anything is opened. */
final class UsageTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  @TempDir Path dir;

  private final CliRunner cli = new CliRunner(server);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--seconds 0",
        "--seconds NaN",
        "--seconds -1",
        "--seconds 5x",
        "--seconds 99999999999",
        "--format wav",
        "--channels x",
        "--channels -1",
        "--reconnect-s -1",
        "--max-latency-ms 0",
        "--max-latency-ms 60001",
        "--server localhost:0"
      })
  void invalidValueIsWrongUsage(String option) {
    Path file = dir.resolve("take.wav");
    String flag = option.split(" ", -1)[0];
    String value = option.split(" ", -1)[1];
    assertThat(cli.run("record", flag, value, file.toString())).isEqualTo(2);
    assertThat(cli.run("meter", flag, value)).isEqualTo(2);
    assertThat(cli.run("listen", flag, value)).isEqualTo(2);
    assertThat(cli.err().lines())
        .hasSize(3)
        .allSatisfy(line -> assertThat(line).contains(flag).endsWith("(see --help)"));
    assertThat(server.requests()).isEmpty();
    assertThat(file).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "record,--preroll,600001",
    "record,--preroll,-1",
    "record,--frame-size,-1",
    "record,--container,mp3",
    "listen,--buffer-ms,0",
    "listen,--buffer-ms,501",
    "listen,--format,16000/1/f32le",
    "bench,--subscribers,0",
    "bench,--seconds,NaN"
  })
  void invalidValueOfOneCommandIsWrongUsage(String command, String flag, String value) {
    Path file = dir.resolve("take.wav");
    List<String> args = new ArrayList<>(List.of(command, flag, value));
    if (command.equals("record")) {
      args.add(file.toString());
    }
    assertThat(cli.run(args.toArray(String[]::new))).isEqualTo(2);
    assertThat(cli.err()).contains(flag).hasLineCount(1);
    assertThat(server.requests()).isEmpty();
    assertThat(file).doesNotExist();
  }

  @Test
  void invalidNameOfContainerListsTheNames() {
    assertThat(cli.run("record", "--container", "mp3", "take")).isEqualTo(2);
    assertThat(cli.err())
        .isEqualTo("--container: mp3 (expected: wav or raw or flac or ogg) (see --help)\n");
  }

  @Test
  void invalidServerIsShownAsGivenWithItsOrigin() {
    cli.withEnvironment(Map.of("LAVALIER_SERVER", "a b"));
    assertThat(cli.run("doctor")).isEqualTo(2);
    assertThat(cli.run("doctor", "--server", "c d")).isEqualTo(2);
    assertThat(cli.err().lines())
        .satisfiesExactly(
            line -> assertThat(line).startsWith("LAVALIER_SERVER: a b (expected: HOST:PORT, "),
            line -> assertThat(line).startsWith("--server: c d (expected: HOST:PORT, "));
  }

  @Test
  void messageNamesFlagInsteadOfField() {
    Map.of(
            "channel_map: 3 (expected: 1..2)", "--channels: 3 (expected: 1..2)",
            "device_id: nope (expected: one of tone)", "--device: nope (expected: one of tone)",
            "format.encoding: 9 (expected: a)", "--format: 9 (expected: a)",
            "authorization: unset (expected: a bearer token)",
                "--token-file or LAVALIER_TOKEN: unset (expected: a bearer token)",
            "no such thing: here", "no such thing: here")
        .forEach(
            (sent, shown) -> {
              cli.reset();
              server.respondWith(List.of(), Status.INVALID_ARGUMENT.withDescription(sent));
              assertThat(cli.run("meter")).isEqualTo(1);
              assertThat(cli.err()).isEqualTo(shown + "\n");
            });
  }

  @Test
  void similarNameIsSuggested() {
    assertThat(cli.run("recrod", "take.wav")).isEqualTo(2);
    assertThat(cli.run("devices", "--sever", "studio:50051")).isEqualTo(2);
    assertThat(cli.run("devices", "--wach")).isEqualTo(2);
    assertThat(cli.err().lines())
        .satisfiesExactly(
            line -> assertThat(line).contains("'recrod'", "(did you mean", "record?"),
            line ->
                assertThat(line).contains("'--sever'", "(did you mean --server or --server-name?)"),
            line -> assertThat(line).contains("'--wach'", "(did you mean --watch?)"));
  }

  @Test
  void helpListsExitCodes() {
    assertThat(cli.run("help")).isZero();
    assertThat(cli.out()).contains("Commands:", "Exit codes:").containsPattern("2 +wrong usage");
    cli.reset();
    assertThat(cli.run("help", "record")).isZero();
    assertThat(cli.out()).startsWith("Usage: lavalier record").contains("Exit codes:");
    cli.reset();
    assertThat(cli.run("record", "--help")).isZero();
    assertThat(cli.out()).startsWith("Usage: lavalier record").contains("Exit codes:");
  }

  @Test
  void invalidConnectionOptionPrintsOneLine() throws Exception {
    Path notOne = Files.writeString(dir.resolve("token"), "to be\nor not");
    cli.withEnvironment(Map.of("LAVALIER_TOKEN", "secret"));
    assertThat(cli.run("devices", "--token-file", notOne.toString())).isEqualTo(2);
    assertThat(cli.run("devices", "--token-file", "no-token")).isEqualTo(2);
    assertThat(cli.run("devices", "--cert", "me.pem")).isEqualTo(2);
    assertThat(cli.run("devices", "--key", "me.key")).isEqualTo(2);
    assertThat(cli.run("devices", "--ca", "no-ca.pem")).isEqualTo(2);
    assertThat(cli.run("devices", "--ca", notOne.toString())).isEqualTo(2);
    assertThat(cli.run("devices", "--server", "studio:50051")).isEqualTo(2);
    assertThat(cli.run("devices", "--server-name", "studio:50051")).isEqualTo(2);
    assertThat(cli.err().lines())
        .containsExactly(
            "--token-file or LAVALIER_TOKEN: invalid, and not shown (expected: letters, digits and"
                + " -._~+/=, in one line) (see --help)",
            "--token-file: no-token (expected: a file with a token; the file does not exist) (see"
                + " --help)",
            "--key: none (expected: the private key of me.pem) (see --help)",
            "--cert: none (expected: the certificate of me.key) (see --help)",
            "--ca: no-ca.pem (expected: certificates in PEM; the file does not exist) (see --help)",
            "--ca: "
                + notOne
                + " (expected: certificates in PEM; No certificate data found) (see --help)",
            "--token-file or LAVALIER_TOKEN: not sent to studio:50051 without encryption (expected:"
                + " TLS, or a loopback address) (see --help)",
            "--server-name: studio:50051 (expected: a host name without a port, for example"
                + " studio.example) (see --help)");
  }

  /** A call reads only the annotations of its command if that is the first argument. */
  @Test
  void eachCommandIsFoundAfterAnOptionToo() {
    cli.run("--help");
    String all = cli.out();
    for (Class<?> type : LavalierCli.commands()) {
      String name = type.getAnnotation(CommandLine.Command.class).name();
      assertThat(all).contains("  " + name + " ");
      cli.reset();
      assertThat(cli.run(name, "--help")).isZero();
      String first = cli.out();
      cli.reset();
      assertThat(cli.run("--tls", name, "--help")).isZero();
      assertThat(cli.out()).isEqualTo(first).isNotEmpty();
    }
    cli.reset();
    cli.run("help");
    assertThat(cli.out()).isEqualTo(all);
    cli.reset();
    assertThat(cli.run("help", "devices")).isZero();
    assertThat(cli.out()).contains("lavalier devices");
  }

  @Test
  void wrongUsageExitsWithCode2() {
    assertThat(cli.run("--nonsense")).isEqualTo(2);
    assertThat(cli.run("record")).isEqualTo(2);
    assertThat(cli.run("meter", "--seconds", "soon")).isEqualTo(2);
    assertThat(cli.err().lines()).hasSize(3).allMatch(line -> line.endsWith("(see --help)"));
    assertThat(cli.run()).isEqualTo(2);
  }

  @Test
  void unreachableServerPrintsOneLine() {
    assertThat(cli.run("devices", "--server", "127.0.0.1:1")).isEqualTo(1);
    assertThat(cli.err()).startsWith("--server: 127.0.0.1:1 (expected: a Lavalier").hasLineCount(1);
  }
}
