package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.FakeMessages;
import dev.lavalier.client.FakeServer;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.bench.LoadGenerator;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.DeviceSnapshot;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.GapPart;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.Subscription;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

final class LavalierCliTest {

  private static final List<StreamFramesResponse> WITH_A_GAP =
      List.of(
          FakeMessages.started(80),
          FakeMessages.frame(0, 80, 0),
          FakeMessages.frame(320, 80, 240),
          FakeMessages.frame(400, 80, 0));

  private static final String DEFAULT_SERVER = "127.0.0.1:50051"; // the default

  @RegisterExtension final FakeServer server = new FakeServer();

  @TempDir Path dir;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private Map<String, String> environment = Map.of();

  private final List<ConnectOptions> connected = new ArrayList<>();

  private LavalierClient connect(ConnectOptions options) {
    connected.add(options);
    return options.equals(ConnectOptions.to(DEFAULT_SERVER))
        ? server.client()
        : LavalierClient.connect(options);
  }

  private int run(boolean terminal, String... args) {
    return LavalierCli.run(
        args,
        this::connect,
        LoadGenerator::of,
        new LavalierCli.Terminal(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            terminal,
            terminal,
            environment));
  }

  private int run(String... args) {
    return run(false, args);
  }

  private String errors() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static Device device(String id, DeviceState state) {
    return Device.newBuilder()
        .setDeviceId(id)
        .setDescription("a microphone")
        .setState(state)
        .setCaptureFormat(
            AudioFormat.newBuilder()
                .setEncoding(SampleEncoding.SAMPLE_ENCODING_S16LE)
                .setSampleRateHz(8_000)
                .setChannelCount(1))
        .build();
  }

  @Test
  void argumentWithAtSignNamesNoFile() throws Exception {
    Path file = Files.writeString(dir.resolve("arguments"), "--help");
    assertThat(run("devices", "@" + file)).isEqualTo(2);
    assertThat(errors()).contains("@" + file);
    assertThat(out.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  @Test
  void watchPrintsEachDeviceChange() {
    server.setDeviceChanges(
        List.of(
            WatchDevicesResponse.newBuilder()
                .setSnapshot(
                    DeviceSnapshot.newBuilder()
                        .addDevices(device("one", DeviceState.DEVICE_STATE_CLOSED))
                        .addDevices(device("two", DeviceState.DEVICE_STATE_CLOSED)))
                .build(),
            WatchDevicesResponse.newBuilder()
                .setDevice(device("one", DeviceState.DEVICE_STATE_NOT_RESPONDING))
                .build(),
            WatchDevicesResponse.newBuilder().setRemovedDeviceId("two").build()));

    assertThat(run("devices", "--watch")).isEqualTo(1);
    assertThat(errors()).isEqualTo("that was all\n");
    assertThat(out.toString(StandardCharsets.UTF_8).lines().skip(3))
        .containsExactly("one  not_responding  8000/1/s16le  0  a microphone", "two  removed");
  }

  @Test
  void waitFlagSelectsWaitOnDeviceLoss() {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE);
    run("record", "--seconds", "0.01", dir.resolve("a.wav").toString());
    assertThat(server.lastRequest().getOnDeviceLoss()).isEqualTo(OnDeviceLoss.ON_DEVICE_LOSS_FAIL);
    run("record", "--seconds", "0.01", "--wait", dir.resolve("b.wav").toString());
    assertThat(server.lastRequest().getOnDeviceLoss()).isEqualTo(OnDeviceLoss.ON_DEVICE_LOSS_WAIT);
  }

  @Test
  void formatAndChannelsAreRequested() throws Exception {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE);
    run("record", "--seconds", "0.01", dir.resolve("a.wav").toString());
    assertThat(server.lastRequest().hasFormat()).isFalse();
    assertThat(server.lastRequest().getChannelMapList()).isEmpty();
    run("record", "--format", "16000/2/f32le", "--channels", "2,0", "--seconds", "0.01", "-");
    assertThat(server.lastRequest().getFormat())
        .isEqualTo(
            AudioFormat.newBuilder()
                .setEncoding(SampleEncoding.SAMPLE_ENCODING_F32LE)
                .setSampleRateHz(16_000)
                .setChannelCount(2)
                .build());
    assertThat(server.lastRequest().getChannelMapList()).containsExactly(2, 0);
  }

  @Test
  void recordWritesExactDurationAndFillsGap() throws Exception {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE);
    Path wav = dir.resolve("take.wav");
    // 0.0525 s at 8 kHz are 420 samples: one frame, a gap of 240, a frame, and 20 of the last.
    assertThat(run("record", "--seconds", "0.0525", wav.toString())).isZero();

    assertThat(errors())
        .isEqualTo(
            "gap: 240 samples (0.030 s) at 0:00:00.0, read too slowly, filled with silence\n");
    try (AudioInputStream in = AudioSystem.getAudioInputStream(wav.toFile())) {
      assertThat(in.getFrameLength()).isEqualTo(420);
      byte[] pcm = in.readAllBytes();
      for (int i = 0; i < pcm.length; i++) {
        boolean silent = i >= 2 * 80 && i < 2 * 320;
        assertThat(pcm[i]).as("byte %d", i).isEqualTo((byte) (silent ? 0 : 1));
      }
    }
  }

  @Test
  void gapWithSeveralCausesIsOneLine() {
    StreamFramesResponse.Builder frame = FakeMessages.frame(320, 80, 240).toBuilder();
    frame
        .getFrameBuilder()
        .getGapBuilder()
        .addParts(
            GapPart.newBuilder()
                .setSampleCount(80)
                .setCause(GapCause.GAP_CAUSE_DEVICE_OVERRUN)
                .setEstimated(true))
        .addParts(
            GapPart.newBuilder().setSampleCount(160).setCause(GapCause.GAP_CAUSE_SERVER_OVERLOAD));
    server.respondWith(
        List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0), frame.build()),
        Status.UNAVAILABLE);
    assertThat(run("record", "--seconds", "0.05", "-")).isZero();
    assertThat(errors())
        .isEqualTo(
            "gap: 240 samples (0.030 s) at 0:00:00.0, 0.010 s lost by the device (estimated) and"
                + " 0.020 s while the server was overloaded, filled with silence\n");
  }

  @Test
  void gapLongerThanRecordingEndsIt() throws Exception {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE);
    assertThat(run("record", "--seconds", "0.02", "-")).isZero();
    assertThat(out.size()).isEqualTo(2 * 160);
  }

  @Test
  void recordKeepsCompleteFileAndPrintsOneLineWhenServerStops() throws Exception {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE.withDescription("the server is stopping"));
    Path wav = dir.resolve("take.wav");
    assertThat(run("record", "--reconnect-s", "0", wav.toString())).isEqualTo(1);
    assertThat(errors().lines())
        .last()
        .isEqualTo("the recording ended early: the server is stopping");
    try (AudioInputStream in = AudioSystem.getAudioInputStream(wav.toFile())) {
      assertThat(in.getFrameLength()).isEqualTo(480);
    }
  }

  @Test
  void recordResumesAndFillsGapAfterReconnect() throws Exception {
    StreamFramesResponse.Builder again = FakeMessages.frame(1_600, 80, 0).toBuilder();
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE.withDescription("the server is stopping"));
    server.thenRespondWith(List.of(FakeMessages.started(80), again.build()), Status.UNAVAILABLE);
    Path wav = dir.resolve("take.wav");
    assertThat(run("record", "--seconds", "0.21", wav.toString())).isZero();
    assertThat(errors().lines().skip(1))
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .isEqualTo(
                        "notice: connection lost, reconnecting for at most 300 s: the server"
                            + " is stopping"),
            line ->
                assertThat(line)
                    .startsWith("notice: reconnected after ")
                    .endsWith(" s, 1120 samples (0.140 s) are missing"),
            line ->
                assertThat(line)
                    .isEqualTo(
                        "gap: 1120 samples (0.140 s) at 0:00:00.1, while there was no connection,"
                            + " filled with silence"));
    try (AudioInputStream in = AudioSystem.getAudioInputStream(wav.toFile())) {
      assertThat(in.getFrameLength()).isEqualTo(1_680);
    }
  }

  @Test
  void prerollStartsInPastAndShortfallIsReported() {
    StreamFramesResponse.Builder start = FakeMessages.started(80).toBuilder();
    start.getStartedBuilder().setPrerollMs(20);
    server.respondWith(List.of(start.build(), FakeMessages.frame(0, 80, 0)), Status.UNAVAILABLE);
    assertThat(run("record", "--preroll", "20", "--seconds", "0.01", "-")).isZero();
    assertThat(server.lastRequest().getPrerollMs()).isEqualTo(20);
    assertThat(errors()).isEmpty();
    assertThat(run("record", "--preroll", "5000", "--seconds", "0.01", "-")).isZero();
    assertThat(errors()).isEqualTo("preroll: the server had 20 of 5000 ms\n");
  }

  @Test
  void rejectedRecordLeavesFileUnchanged() throws Exception {
    server.respondWith(List.of(), Status.NOT_FOUND.withDescription("no such device"));
    Path old = Files.writeString(dir.resolve("old.wav"), "precious");
    Path fresh = dir.resolve("new.wav");
    assertThat(run("record", old.toString())).isEqualTo(1);
    assertThat(run("record", fresh.toString())).isEqualTo(1);
    assertThat(errors()).isEqualTo("no such device\nno such device\n");
    assertThat(old).hasContent("precious");
    assertThat(fresh).doesNotExist();
  }

  @Test
  void progressIsShownOnTerminal() {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE.withDescription("gone"));
    run(true, "record", "--seconds", "0.06", dir.resolve("x.wav").toString());
    assertThat(errors())
        .contains("recording fake, 8000/1/s16le")
        .contains("\r0:00:00.0  peak  -42.1");
  }

  @Test
  void meterPrintsLevels() {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE.withDescription("gone"));
    assertThat(run("meter", "--seconds", "0.02")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .isEqualTo("fake, 8000/1/s16le\n  1 rms  -39.1 dBFS  peak  -42.1 dBFS\n");
  }

  @Test
  void invalidOptionPrintsOneLine() {
    assertThat(run("record", dir.resolve("no/such/dir.wav").toString())).isEqualTo(1);
    assertThat(run("record", "--seconds", "0", "-")).isEqualTo(1);
    assertThat(run("record", "--format", "mp3", "-")).isEqualTo(1);
    assertThat(run("meter", "--reconnect-s", "-1")).isEqualTo(1);
    assertThat(run("--server", "nowhere", "devices")).isEqualTo(1);
    assertThat(run("devices", "--server", "127.0.0.1:1")).isEqualTo(1);
    assertThat(errors().lines())
        .satisfiesExactly(
            line -> assertThat(line).startsWith("file: ").contains("NoSuchFile"),
            line -> assertThat(line).isEqualTo("seconds: 0.0 (expected: more than 0)"),
            line ->
                assertThat(line)
                    .isEqualTo(
                        "format: mp3 (expected: RATE/CHANNELS/ENCODING, as 48000/2/s16le; encodings"
                            + " s16le, s24le, s32le, f32le)"),
            line -> assertThat(line).isEqualTo("reconnect-s: -1 (expected: 0 or more)"),
            line ->
                assertThat(line)
                    .isEqualTo("server: nowhere (expected: HOST:PORT, as 127.0.0.1:50051)"),
            line -> assertThat(line).startsWith("server: 127.0.0.1:1 (expected: a Lavalier"));
  }

  @Test
  void connectionOptionsApplyToEveryCommand() throws Exception {
    Path token = Files.writeString(dir.resolve("token"), "from-the-file\n");
    environment = Map.of("LAVALIER_TOKEN", "from-the-environment");
    ConnectOptions plain = ConnectOptions.to(DEFAULT_SERVER);
    Path ca = Path.of("ca.pem");
    run("devices");
    run("--tls", "subscriptions");
    run("meter", "--ca", "ca.pem", "--token-file", token.toString());
    run("bench", "--cert", "me.pem", "--key", "me.key");
    assertThat(connected)
        .containsExactly(
            plain.withToken("from-the-environment"),
            plain.withToken("from-the-environment").withTls(),
            plain.withToken("from-the-file").withCa(ca),
            plain
                .withToken("from-the-environment")
                .withCertificate(Path.of("me.pem"), Path.of("me.key")));
  }

  @Test
  void invalidConnectionOptionPrintsOneLine() throws Exception {
    Path notOne = Files.writeString(dir.resolve("token"), "to be\nor not");
    environment = Map.of("LAVALIER_TOKEN", "secret");
    assertThat(run("devices", "--token-file", notOne.toString())).isEqualTo(1);
    assertThat(run("devices", "--token-file", "no-token")).isEqualTo(1);
    assertThat(run("devices", "--cert", "me.pem")).isEqualTo(1);
    assertThat(run("devices", "--key", "me.key")).isEqualTo(1);
    assertThat(run("devices", "--ca", "no-ca.pem")).isEqualTo(1);
    assertThat(run("devices", "--ca", notOne.toString())).isEqualTo(1);
    assertThat(run("devices", "--server", "studio:50051")).isEqualTo(1);
    assertThat(errors().lines())
        .containsExactly(
            "token: invalid, and not shown (expected: letters, digits and -._~+/=, in one line)",
            "token-file: no-token (expected: a file with a token; the file does not exist)",
            "key: none (expected: the private key of me.pem)",
            "cert: none (expected: the certificate of me.key)",
            "ca: no-ca.pem (expected: certificates in PEM; the file does not exist)",
            "ca: " + notOne + " (expected: certificates in PEM; No certificate data found)",
            "token: not sent to studio:50051 without encryption (expected: TLS, or a loopback"
                + " address)");
  }

  @Test
  void subscriptionsAreListedAsTable() {
    server.setSubscriptions(
        List.of(subscription(1, "studio", "tone"), subscription(12, "CN=desk", "mic-in-the-hall")));
    assertThat(run("subscriptions")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8).lines())
        .containsExactly(
            "ID  WHO      ADDRESS        DEVICE           FORMAT        SINCE                "
                + " FRAMES  BYTES   MISSED",
            "1   studio   10.0.0.9:5555  tone             8000/1/s16le  2026-01-02T03:04:05Z  50   "
                + "   123456  80",
            "12  CN=desk  10.0.0.9:5555  mic-in-the-hall  8000/1/s16le  2026-01-02T03:04:05Z  50   "
                + "   123456  80");
    out.reset();
    assertThat(run("subscriptions", "--device", "tone")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8).lines()).hasSize(2);
    out.reset();
    assertThat(run("subscriptions", "--device", "moon")).isZero();
    assertThat(out.size()).isZero();
    assertThat(errors()).isEqualTo("no subscriptions\n");
  }

  private static Subscription subscription(long id, String identity, String device) {
    return Subscription.newBuilder()
        .setSubscriptionId(id)
        .setIdentity(identity)
        .setAddress("10.0.0.9:5555")
        .setDeviceId(device)
        .setFormat(device(device, DeviceState.DEVICE_STATE_OPEN).getCaptureFormat())
        .setFrameSize(160)
        .setSinceUnixNanos(1_767_323_045_678_901_234L)
        .setFrameCount(50)
        .setByteCount(123_456)
        .setSamplesLost(80)
        .build();
  }

  @Test
  void wrongUsageExitsWithCode2() {
    assertThat(run("--nonsense")).isEqualTo(2);
    assertThat(run("record")).isEqualTo(2);
    assertThat(run("meter", "--seconds", "soon")).isEqualTo(2);
    assertThat(errors().lines()).hasSize(3).allMatch(line -> line.endsWith("(see --help)"));
    assertThat(run()).isEqualTo(2);
  }
}
