package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Tests flags, environment and file through the output of {@code check-config}. */
final class ConfigurationTest {

  @TempDir private Path directory;

  private record Result(int code, String out, String err) {}

  private static Result run(Map<String, String> environment, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        ServerMain.run(
            args,
            environment,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private String file(String text) throws IOException {
    return Files.writeString(directory.resolve("server.yaml"), text).toString();
  }

  private static void assertRefused(Result result, String message) {
    assertThat(result.err()).isEqualTo(message + System.lineSeparator());
    assertThat(result.out()).isEmpty();
    assertThat(result.code()).isEqualTo(2);
  }

  @Test
  void flagsOverrideEnvironmentAndEnvironmentOverridesFile() throws IOException {
    String file = file("port: 1001\nperiod-ms: 11\nhistory-ms: 1000\ndemo: true\n");
    Result result =
        run(
            Map.of("LAVALIER_PORT", "2002", "LAVALIER_PERIOD_MS", "22", "LAVALIER_DEMO", "false"),
            "check-config",
            "--port",
            "3003",
            "--config",
            file);
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(result.out().lines())
        .contains("port: 3003", "period-ms: 22", "history-ms: 1000", "demo: false");
  }

  @Test
  void switchThatIsOnByDefaultCanBeSetEverywhere() throws IOException {
    String off = file("direct-frames: false\n");
    assertThat(run(Map.of(), "check-config").out()).contains("direct-frames: true\n");
    assertThat(run(Map.of(), "check-config", "--config", off).out())
        .contains("direct-frames: false\n");
    assertThat(run(Map.of("LAVALIER_DIRECT_FRAMES", "true"), "check-config", "--config", off).out())
        .contains("direct-frames: true\n");
    assertThat(run(Map.of(), "check-config", "--config", off, "--direct-frames").out())
        .contains("direct-frames: true\n");
    assertThat(run(Map.of(), "check-config", "--direct-frames=false").out())
        .contains("direct-frames: false\n");
    assertThat(run(Map.of(), "check-config", "--direct-frames=no").code()).isEqualTo(2);
  }

  @Test
  void repeatableFlagsAreListsOrMappings() throws IOException {
    String file =
        file("history-ms: 1\nkeep-open:\n  - a b\n  - c\ndevice-format: {x: 16000/1/s16le}\n");
    assertThat(run(Map.of(), "check-config", "--config", file).out())
        .contains("keep-open:\n  - 'a b'\n  - c\n", "device-format:\n  - 'x=16000/1/s16le'\n");
    assertThat(run(Map.of("LAVALIER_KEEP_OPEN", "d,e"), "check-config", "--config", file).out())
        .contains("keep-open:\n  - d\n  - e\n");
    assertThat(run(Map.of(), "check-config", "--config", file, "--keep-open", "f").out())
        .contains("keep-open:\n  - f\n");
  }

  /** The ids of sound cards contain a comma. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PCH,0 | PCH,0",
        "PCH,0,USB,0 | PCH,0;USB,0",
        "PCH,10#2,tone | PCH,10#2;tone",
        "d,e | d;e",
        "d,0x | d;0x",
        "PCH,0~USB,0 | PCH,0;USB,0",
        "PCH,0~ | PCH,0",
        "a, b~c,d | a, b;c,d",
      })
  void variableHasOneIdPerLineOrIdsBetweenCommas(String value, String ids) {
    Map<String, String> environment = Map.of("LAVALIER_ALLOW_DEVICE", value.replace('~', '\n'));

    String printed = run(environment, "check-config").out();

    assertThat(printed.lines().filter(line -> line.startsWith("  - ")))
        .map(line -> line.substring(4).replace("'", ""))
        .containsExactly(ids.split(";", -1));
  }

  @Test
  void formatsOfSoundCardsCanBeInTheEnvironment() {
    assertThat(
            run(
                    Map.of("LAVALIER_DEVICE_FORMAT", "PCH,0=16000/1/s16le,USB,0=8000/1/s16le"),
                    "check-config")
                .out())
        .contains("device-format:\n  - 'PCH,0=16000/1/s16le'\n  - 'USB,0=8000/1/s16le'\n");
  }

  @Test
  void variablesOfKubernetesAndOfTheClientAreIgnored() {
    Map<String, String> environment =
        Map.ofEntries(
            Map.entry("LAVALIER_SERVER", "studio.example:50051"),
            Map.entry("LAVALIER_SERVICE_HOST", "10.0.0.1"),
            Map.entry("LAVALIER_SERVICE_PORT", "50051"),
            Map.entry("LAVALIER_SERVICE_PORT_GRPC", "50051"),
            Map.entry("LAVALIER_PORT", "tcp://10.0.0.1:50051"),
            Map.entry("LAVALIER_PORT_50051_TCP", "tcp://10.0.0.1:50051"),
            Map.entry("LAVALIER_PORT_50051_TCP_PROTO", "tcp"),
            Map.entry("LAVALIER_PORT_50051_TCP_PORT", "50051"),
            Map.entry("LAVALIER_PORT_50051_TCP_ADDR", "10.0.0.1"),
            Map.entry("LAVALIER_METRICS_PORT", "tcp://10.0.0.2:9090"),
            Map.entry("LAVALIER_METRICS_SERVICE_HOST", "10.0.0.2"),
            Map.entry("LAVALIER_METRICS_PORT_9090_UDP_ADDR", "10.0.0.2"));

    Result result = run(environment, "check-config");

    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains("port: 50051\n").doesNotContain("metrics-port:");
    assertThat(run(Map.of("LAVALIER_PORT", "1001"), "check-config").out()).contains("port: 1001\n");
    assertThat(run(Map.of("LAVALIER_PORT", "http://x"), "check-config").code()).isEqualTo(2);
    assertThat(run(Map.of("LAVALIER_SERVICE", "x"), "check-config").code()).isEqualTo(2);
  }

  /** An empty list could be meant as "all devices" or as "none". */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "allow-device: []",
        "allow-device: {}",
        "allow-device:",
        "allow-device: ''",
        "allow-device: [tone, '']",
        "keep-open: []",
        "device-format: {}",
        "wav: []",
      })
  void listThatIsSetAndEmptyIsRejected(String text) throws IOException {
    String file = file(text);
    String key = text.substring(0, text.indexOf(':'));
    assertRefused(
        run(Map.of(), "check-config", "--config", file),
        text.endsWith("{}") && key.equals("allow-device")
            ? file + ":1: allow-device: a mapping (expected: a list)"
            : file
                + ":1: "
                + key
                + ": empty (expected: one or more values; to get the default, do not set it)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",", "tone,", ",tone", "tone,,PCH"})
  void variableThatIsSetAndEmptyIsRejected(String value) {
    assertRefused(
        run(Map.of("LAVALIER_ALLOW_DEVICE", value), "check-config"),
        "LAVALIER_ALLOW_DEVICE: empty (expected: one or more values; to get the default, do not set"
            + " it)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"allow-device", "keep-open"})
  void emptyFlagIsRejected(String key) {
    String message = key + ": empty (expected: a device_id)";
    assertRefused(message, "check-config", "--history-ms=1", "--" + key + "=");
    assertRefused(message, "check-config", "--history-ms=1", "--" + key, "");
    assertRefused(message, "check-config", "--history-ms=1", "--" + key, "tone", "--" + key, "");
  }

  @Test
  void equalsSignInNameIsKept() throws IOException {
    String file = file("device-format: {'A=B,0': 16000/1/s16le, 'C\\D': 8000/1/s16le}\n");
    String printed = run(Map.of(), "check-config", "--config", file).out();
    assertThat(printed)
        .contains("device-format:\n  - 'A\\=B,0=16000/1/s16le'\n  - 'C\\\\D=8000/1/s16le'\n");
    assertThat(run(Map.of(), "check-config", "--config", file(printed)).out()).isEqualTo(printed);

    CaptureOptions options = new CaptureOptions();
    new CommandLine(options)
        .parseArgs("--device-format=A\\=B,0=16000/1/s16le", "--device-format=C\\\\D=8000/1/s16le");
    assertThat(options.values().deviceFormats())
        .containsOnly(
            Map.entry("A=B,0", PcmFormat.parse("16000/1/s16le")),
            Map.entry("C\\D", PcmFormat.parse("8000/1/s16le")));
  }

  @Test
  void mappingOfOptionWithoutNamesIsRejected() throws IOException {
    String file = file("allow-device: {tone: true}\n");
    assertRefused(
        run(Map.of(), "check-config", "--config", file),
        file + ":1: allow-device: a mapping (expected: a list)");
  }

  @Test
  void argumentWithAtSignNamesNoFile() throws IOException {
    String file = Files.writeString(directory.resolve("arguments"), "--port=1001").toString();
    Result result = run(Map.of(), "check-config", "@" + file);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("@" + file).doesNotContain("1001");
  }

  @Test
  void environmentCanNameTheFile() throws IOException {
    String file = file("port: 1001");
    assertThat(run(Map.of("LAVALIER_CONFIG", file), "check-config").out()).contains("port: 1001");
  }

  @Test
  void printedConfigurationIsEquivalentFile() throws IOException {
    String first =
        run(
                Map.of(),
                "check-config",
                "--history-ms=7",
                "--keep-open=it's # not: a comment",
                "--keep-open=-",
                "--demo")
            .out();
    Result again = run(Map.of(), "check-config", "--config", file(first));
    assertThat(again.err()).isEmpty();
    assertThat(again.out()).isEqualTo(first).contains("it''s # not: a comment");
  }

  @Test
  void emptyFileAndUnrelatedVariablesAreAccepted() throws IOException {
    Map<String, String> environment = Map.of("LAVALIER_TOKEN", "secret", "LANG", "C");
    Result result = run(environment, "check-config", "--config", file("# nothing yet\n"));
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains("port: 50051").doesNotContain("secret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"prot: 1\" | FILE:1: prot: unknown (expected: one of config, bind,",
        "\"config: x\" | FILE:1: config: unknown (expected: one of config, bind,",
        "\"# so\nport: 1\nport: 2\" | FILE:3: port (expected: once; it is also set at FILE:2)",
        "\"port: [1, 2]\" | FILE:1: port: 1, 2 (expected: one value)",
        "\"port: []\" | FILE:1: port:  (expected: one value)",
        "\"port: {a: {b: c}}\" | FILE:1: (expected: a plain value, or a list or mapping of them)",
        "\"demo: yes\" | FILE:1: demo: yes (expected: true or false)",
        "\"port: 70000\" | port: 70000 (expected: 0..65535), set by FILE:1",
        "\"port: x\" | port: Invalid value for option '--port': 'x' is not an int, set by FILE:1",
        "\"capture-format: 1/1/x\" | capture-format.",
        "\"- port\" | FILE:1: (expected: lines of the form key: value)",
        "\"port: 'x\" | FILE:1: (expected: YAML; found unexpected end of stream)",
        "\"a: &a [*a]\" | FILE:1: a: unknown",
        "\"log-level: loud\" | log-level: loud (expected: error, warn, info, debug, trace), set by",
      })
  void invalidFileIsRejectedInOneLine(String text, String message) throws IOException {
    String file = file(text);
    Result result = run(Map.of(), "check-config", "--config", file);
    assertThat(result.err()).startsWith(message.replace("FILE", file)).hasLineCount(1);
    assertThat(result.out()).isEmpty();
    assertThat(result.code()).isEqualTo(2);
    assertThat(run(Map.of(), "--config", file).err()).isEqualTo(result.err());
  }

  @Test
  void unreadableFileIsRejectedInOneLine() throws IOException {
    assertRefused(
        run(Map.of(), "check-config", "--config", "/nowhere/x"),
        "config: /nowhere/x (expected: an existing file)");
    assertRefused(
        run(Map.of(), "check-config", "--config", directory.toString()),
        "config: %s (expected: a readable file of UTF-8 text; Is a directory)"
            .formatted(directory));
    Path big = Files.write(directory.resolve("big"), new byte[(1 << 20) + 1]);
    assertRefused(
        run(Map.of(), "check-config", "--config", big.toString()),
        "config: %s (expected: at most 1048576 bytes)".formatted(big));
  }

  @Test
  void invalidVariableIsRejectedInOneLine() {
    assertRefused(
        run(Map.of("LAVALIER_PORT", "70000"), "check-config"),
        "port: 70000 (expected: 0..65535), set by LAVALIER_PORT");
    assertThat(run(Map.of("LAVALIER_PROT", "1"), "check-config").err())
        .startsWith("LAVALIER_PROT: unknown (expected: one of config, bind,")
        .hasLineCount(1);
  }

  @Test
  void badFlagGetsOneLineAndCode2() throws IOException {
    String text = Files.writeString(directory.resolve("text.wav"), "no audio").toString();
    assertRefused("Unknown option: '--loud' (see --help)", "--loud");
    assertRefused("port: 70000 (expected: 0..65535)", "--port", "70000");
    assertRefused("period-ms: 0 (expected: 1..100)", "--period-ms", "0");
    assertRefused(
        "capture-format.sample_rate_hz: 7 (expected: 1000..384000)",
        "--capture-format",
        "7/2/s16le");
    assertRefused(
        "device-format.sample_rate_hz: 7 (expected: 1000..384000)",
        "--device-format",
        "tone=7/2/s16le");
    assertRefused("history-ms: 600001 (expected: 0..600000)", "--history-ms", "600001");
    assertRefused(
        "keep-open: tone (expected: --history-ms of 1 or more, which keep-open requires)",
        "--keep-open",
        "tone");
    assertRefused("device-format: tone (expected: DEVICE_ID=FORMAT)", "--device-format", "tone");
    assertRefused(
        "device-format: =8000/1/s16le (expected: DEVICE_ID=FORMAT)",
        "--device-format",
        "=8000/1/s16le");
    assertRefused("wav: take (expected: NAME=FILE)", "--wav", "take");
    assertRefused("wav: take=" + text + " (expected: a WAV file)", "--wav", "take=" + text);
    assertRefused(
        "wav: tone=" + text + " (expected: a name that no other virtual device has)",
        "--wav",
        "tone=" + text);
    Result open = run(Map.of(), "--bind", "0.0.0.0");
    assertThat(open.code()).isEqualTo(2);
    assertThat(open.err())
        .startsWith("bind: 0.0.0.0 (expected: a loopback address")
        .contains("--insecure");
    assertThat(open.err().lines()).hasSize(1);
  }

  private static void assertRefused(String message, String... args) {
    assertRefused(run(Map.of(), args), message);
  }
}
