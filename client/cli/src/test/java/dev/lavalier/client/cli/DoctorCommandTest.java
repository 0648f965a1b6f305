package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.FakeServer;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.probe.ServerProbe;
import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each problem that {@code lavalier doctor} finds at a server that accepts its calls. */
final class DoctorCommandTest {

  @RegisterExtension final FakeServer fake = new FakeServer();

  private final CliRunner cli = new CliRunner(fake);
  private ScriptedServer server;

  @BeforeEach
  void start() throws IOException {
    server = ScriptedServer.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** Runs the command with {@code --json}; returns the checks by name, in order. */
  private Map<String, JsonObject> checks(int exitCode, String... args) {
    String[] all = new String[args.length + 4];
    System.arraycopy(new String[] {"doctor", "--json", "--server", server.address()}, 0, all, 0, 4);
    System.arraycopy(args, 0, all, 4, args.length);
    assertThat(cli.run(all)).isEqualTo(exitCode);
    assertThat(cli.err()).isEmpty();
    JsonObject report = JsonParser.parseString(cli.out()).getAsJsonObject();
    assertThat(report.get("ok").getAsBoolean()).isEqualTo(exitCode == 0);
    Map<String, JsonObject> checks = new LinkedHashMap<>();
    for (JsonElement check : report.getAsJsonArray("checks")) {
      checks.put(check.getAsJsonObject().get("check").getAsString(), check.getAsJsonObject());
    }
    cli.reset();
    return checks;
  }

  private static String text(JsonObject check, String key) {
    return check.get(key).getAsString();
  }

  private static void assertWarning(JsonObject check, String message, String advice) {
    assertThat(text(check, "result")).isEqualTo("warn");
    assertThat(text(check, "message")).contains(message);
    assertThat(text(check, "advice")).contains(advice);
  }

  private static void assertOk(JsonObject check, String message) {
    assertThat(text(check, "result")).isEqualTo("ok");
    assertThat(text(check, "message")).contains(message);
    assertThat(check.get("advice").isJsonNull()).isTrue();
  }

  @Test
  void eachCheckHasOneLine() {
    assertThat(cli.run("doctor", "--server", server.address())).isZero();
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out().lines())
        .satisfiesExactly(
            line ->
                assertThat(line).matches("ok    server   \\S+, version 9.8.7, round trip .* ms"),
            line ->
                assertThat(line)
                    .isEqualTo("ok    tls      not used, the server is on this machine"),
            line ->
                assertThat(line).isEqualTo("ok    access   calls are accepted, without a token"),
            line ->
                assertThat(line).isEqualTo("ok    device   mic was opened and read for a second"),
            line -> assertThat(line).startsWith("ok    format   captured in 8000/2/s16le; "),
            line -> assertThat(line).matches("ok    level    rms -\\S+ dBFS, peak -50.4 dBFS"),
            line -> assertThat(line).isEqualTo("ok    loss     none"),
            line -> assertThat(line).matches("(ok  |warn)  clock    the server's clock is .*"),
            line -> assertThat(line).matches("(ok  |warn)  latency  .* ms: .*"));
  }

  @Test
  void textOfServerCannotControlTerminal() {
    server.withEnd(0, Status.NOT_FOUND.withDescription("device_id: \u001b[2Jmic"));
    assertThat(cli.run("doctor", "--server", server.address())).isEqualTo(1);
    assertThat(cli.out()).contains("--device: \\u001b[2Jmic").doesNotContain("\u001b");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "NOT_FOUND          | lavalier devices",
        "PERMISSION_DENIED  | grant",
        "RESOURCE_EXHAUSTED | lavalier subscriptions",
        "UNAVAILABLE        | other programs",
        "FAILED_PRECONDITION| --capture-format",
        "INTERNAL           | log of the server"
      })
  void deviceThatCannotBeOpenedFails(Status.Code code, String advice) {
    server.withEnd(0, code.toStatus().withDescription("device_id: mic (expected: another)"));
    Map<String, JsonObject> checks = checks(1, "--device", "mic");
    assertThat(checks.keySet()).containsExactly("server", "tls", "access", "device", "clock");
    assertThat(text(checks.get("device"), "result")).isEqualTo("fail");
    assertThat(text(checks.get("device"), "message"))
        .isEqualTo("--device: mic (expected: another)");
    assertThat(text(checks.get("device"), "advice")).contains(advice);
  }

  @Test
  void testToneInPlaceOfMicrophoneIsReported() {
    server.withVendor("Lavalier"); // the vendor of a server's test tone
    Map<String, JsonObject> checks = checks(0);
    assertWarning(checks.get("device"), "it is the server's test tone", "Connect a microphone");
    assertThat(text(checks.get("device"), "device_id")).isEqualTo("mic");
    assertOk(checks(0, "--device", "mic").get("device"), "mic was opened");
  }

  @Test
  void adviceNamesAListWithoutMicrophones() {
    server.withEnd(0, Status.NOT_FOUND.withDescription("device_id: empty (expected: one of tone)"));
    assertThat(text(checks(1).get("device"), "advice"))
        .startsWith("Choose one of lavalier devices with --device. ")
        .contains("If lavalier devices lists no microphone: see arecord -l");
  }

  @Test
  void deviceThatDoesNotRespondHasItsOwnAdvice() {
    server.withEnd(
        0, Status.UNAVAILABLE.withDescription("mic is not responding: the sound system"));
    assertThat(text(checks(1).get("device"), "advice"))
        .contains("Check the sound server", "restart it")
        .doesNotContain("cable");
  }

  @Test
  void streamThatEndsEarlyFails() {
    server.withEnd(3, Status.UNAVAILABLE.withDescription("the device was unplugged"));
    JsonObject device = checks(1).get("device");
    assertThat(text(device, "message")).isEqualTo("the device was unplugged");
    assertThat(text(device, "advice")).contains("cable");
  }

  @Test
  void streamWithoutAudioEndsAfterTimeout() throws Exception {
    server.withEnd(1, Status.OK);
    List<Finding> findings = new ArrayList<>();
    try (LavalierClient client = LavalierClient.connect(server.address())) {
      ServerContact contact =
          new ServerContact(
              ServerProbe.connect(ConnectOptions.builder(server.address()).build()),
              ServerContact.Reply.fastest(client));
      assertThat(new DeviceCheck(client, "mic", contact, Duration.ofMillis(1), findings::add).run())
          .isEmpty();
    }
    assertThat(findings)
        .singleElement()
        .satisfies(
            finding ->
                assertThat(finding.line())
                    .startsWith("fail  device   less than a second of audio came in time"));
  }

  @Test
  void silenceIsReported() {
    server.withSamples(n -> 0, n -> 0);
    Map<String, JsonObject> checks = checks(0);
    assertWarning(checks.get("level"), "every sample is zero", "Unmute");
    server.withSamples(n -> n % 50, n -> 0);
    assertWarning(checks(0).get("level"), "silence on channel 2", "--channels");
  }

  @Test
  void clippingIsReported() {
    server.withSamples(n -> n % 100 == 0 ? Short.MAX_VALUE : 0, n -> n % 100 == 0 ? -32_768 : 1);
    JsonObject level = checks(0).get("level");
    assertWarning(level, "clipped on channel 1, 2", "gain");
    assertThat(level.getAsJsonArray("channels").get(0).getAsJsonObject().get("clipped_samples"))
        .hasToString("80");
    server.withSamples(n -> n == 0 ? Short.MAX_VALUE : 1, n -> 1);
    assertOk(checks(0).get("level"), "peak");
  }

  @Test
  void lossIsReportedWithItsCause() {
    server.withLoss(3L * ScriptedServer.FRAME_SIZE);
    JsonObject loss = checks(0).get("loss");
    assertWarning(loss, "480 samples (0.060 s) lost by the device", "real-time priority");
    assertThat(loss.get("lost_samples").getAsInt()).isEqualTo(480);
  }

  @Test
  void rateThatIsNotNativeIsReported() {
    server.withListedRates(44_100, 48_000);
    JsonObject format = checks(0).get("format");
    assertWarning(format, "8000/2/s16le, but the native rates are 44100, 48000 Hz", "native rate");
    assertThat(format.get("native_rates_hz")).hasToString("[44100,48000]");
    server.withListedRates(8_000, 48_000);
    assertOk(checks(0).get("format"), "at a native rate");
    server.withListedRates(48_000, 0);
    assertOk(checks(0).get("format"), "does not tell the native rate");
  }

  @Test
  void wrongClockIsReported() {
    server.withClockAhead(Duration.ofHours(1));
    JsonObject clock = checks(0).get("clock");
    assertWarning(clock, "ms ahead of that of this machine", "Synchronize");
    assertThat(clock.get("offset_ms").getAsDouble()).isBetween(3_500e3, 3_700e3);
    server.withClockAhead(Duration.ofHours(-1));
    assertWarning(checks(0).get("clock"), "ms behind that of this machine", "Synchronize");
  }

  @Test
  void latencyIsMeasuredDespiteWrongClock() {
    server.withClockAhead(Duration.ofHours(1));
    server.withLatency(Duration.ofMinutes(2), Duration.ofMillis(25));
    JsonObject latency = checks(0).get("latency");
    assertWarning(latency, "until the server has read a frame of 20.0 ms", "Reduce the load");
    assertThat(latency.get("latency_ms").getAsDouble()).isBetween(119e3, 180e3);
    server.withLatency(Duration.ofMinutes(2), Duration.ofMinutes(1).plusSeconds(50));
    assertWarning(checks(0).get("latency"), "", "long buffer");
  }

  @Test
  void olderServerIsJudgedByItsFrames() {
    server.withoutServerInfo();
    Map<String, JsonObject> checks = checks(0);
    assertThat(text(checks.get("server"), "message")).contains("version unknown");
    assertThat(text(checks.get("clock"), "message"))
        .startsWith("unknown, the server is too old to tell its time; frames come ");
    assertThat(checks.get("clock").get("offset_ms").isJsonNull()).isTrue();
    assertOk(checks.get("latency"), "unknown");
    server.withClockAhead(Duration.ofHours(1));
    assertWarning(checks(0).get("clock"), "unknown", "Synchronize");
    server.withEnd(0, Status.NOT_FOUND.withDescription("no"));
    assertThat(List.copyOf(checks(1).keySet())).endsWith("device", "clock");
  }
}
