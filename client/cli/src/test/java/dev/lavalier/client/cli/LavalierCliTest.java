package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.FakeServer;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.Codec;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.DeviceSnapshot;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.Subscription;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

final class LavalierCliTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  @TempDir Path dir;

  private final CliRunner cli = new CliRunner(server);

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
    assertThat(cli.run("devices", "@" + file)).isEqualTo(2);
    assertThat(cli.err()).contains("@" + file);
    assertThat(cli.out()).isEmpty();
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

    assertThat(cli.run("devices", "--watch", "--reconnect-s", "0")).isEqualTo(1);
    assertThat(cli.err()).isEqualTo("that was all\n");
    assertThat(cli.out().lines())
        .containsExactly(
            "   DEVICE  STATE   FORMAT        SUBSCRIBERS  DESCRIPTION",
            "   one     closed  8000/1/s16le  0            a microphone",
            "   two     closed  8000/1/s16le  0            a microphone",
            "   one     not_responding  8000/1/s16le  0            a microphone",
            "   two     removed");
  }

  @Test
  void watchReconnectsAndPrintsWhatHasChanged() {
    server.setDeviceChanges(
        List.of(
            WatchDevicesResponse.newBuilder()
                .setSnapshot(
                    DeviceSnapshot.newBuilder()
                        .addDevices(device("one", DeviceState.DEVICE_STATE_CLOSED))
                        .addDevices(device("two", DeviceState.DEVICE_STATE_OPEN)))
                .build()));
    server.thenSetDeviceChanges(
        List.of(
            WatchDevicesResponse.newBuilder()
                .setSnapshot(
                    DeviceSnapshot.newBuilder()
                        .addDevices(device("one", DeviceState.DEVICE_STATE_CLOSED))
                        .addDevices(device("three", DeviceState.DEVICE_STATE_CLOSED)))
                .build()));
    server.thenSetDeviceChanges(List.of());
    server.skipWaits();
    assertThat(cli.run("devices", "--watch")).isEqualTo(1);
    assertThat(cli.out().lines().skip(3))
        .containsExactly(
            "   three   closed  8000/1/s16le  0            a microphone", "   two     removed");
    assertThat(cli.err())
        .isEqualTo(
            """
            notice: connection lost, reconnecting for at most 300 s: that was all
            notice: reconnected after 0.3 s
            notice: connection lost, reconnecting for at most 300 s: that was all
            that was all
            """);
  }

  @Test
  void watchPrintsEachChangeAsJson() {
    server.setDeviceChanges(
        List.of(
            WatchDevicesResponse.newBuilder()
                .setSnapshot(
                    DeviceSnapshot.newBuilder()
                        .addDevices(device("one", DeviceState.DEVICE_STATE_CLOSED)))
                .build(),
            WatchDevicesResponse.newBuilder()
                .setDevice(
                    device("one", DeviceState.DEVICE_STATE_OPEN).toBuilder()
                        .setNodeId("studio-3")
                        .setRecorded(true))
                .build(),
            WatchDevicesResponse.newBuilder().setRemovedDeviceId("one").build()));
    cli.run("devices", "--watch", "--json", "--reconnect-s", "0");
    assertThat(cli.out().lines().map(line -> JsonParser.parseString(line).getAsJsonObject()))
        .satisfiesExactly(
            snapshot -> assertThat(snapshot.getAsJsonArray("devices")).hasSize(1),
            change -> {
              JsonObject one = change.getAsJsonObject("device");
              assertThat(one.get("device_id").getAsString()).isEqualTo("one");
              assertThat(one.get("state").getAsString()).isEqualTo("open");
              assertThat(one.get("capture_format").getAsString()).isEqualTo("8000/1/s16le");
              assertThat(one.get("node_id").getAsString()).isEqualTo("studio-3");
              assertThat(one.get("recorded").getAsBoolean()).isTrue();
            },
            removal -> assertThat(removal.get("removed_device_id").getAsString()).isEqualTo("one"));
    cli.reset();
    assertThat(cli.run("devices", "--json")).isZero();
    assertThat(cli.out()).isEqualTo("{\"devices\":[]}\n");
  }

  @Test
  void textOfServerCannotControlTerminal() {
    String hostile = "\u001b]0;title\u0007mic\u202e\r\nrow";
    server.setDeviceChanges(
        List.of(
            WatchDevicesResponse.newBuilder()
                .setSnapshot(
                    DeviceSnapshot.newBuilder()
                        .addDevices(device(hostile, DeviceState.DEVICE_STATE_CLOSED)))
                .build(),
            WatchDevicesResponse.newBuilder().setRemovedDeviceId(hostile).build()));
    cli.run("devices", "--watch", "--reconnect-s", "0");
    String escaped = "\\u001b]0;title\\u0007mic\\u202e\\u000d\\u000arow";
    assertThat(cli.out().lines().skip(1))
        .satisfiesExactly(
            row -> assertThat(row).contains(escaped),
            removal -> assertThat(removal).isEqualTo("   " + escaped + "  removed"));
    server.respondWith(List.of(), Status.NOT_FOUND.withDescription("device_id: " + hostile));
    assertThat(cli.run("meter")).isEqualTo(1);
    assertThat(cli.err().lines().skip(1))
        .containsExactly("--device: \\u001b]0;title\\u0007mic\\u202e");
  }

  @Test
  void wideCharactersDoNotBreakColumns() {
    server.setSubscriptions(
        List.of(subscription(1, "\u53f0\u6240", "tone"), subscription(2, "me", "tone")));
    assertThat(cli.run("subscriptions")).isZero();
    assertThat(cli.out().lines().skip(1))
        .satisfiesExactly(
            wide -> assertThat(wide).startsWith("1   \u53f0\u6240  10.0.0.9"),
            narrow -> assertThat(narrow).startsWith("2   me    10.0.0.9"));
  }

  @Test
  void connectionOptionsApplyToEveryCommand() throws Exception {
    Path token = Files.writeString(dir.resolve("token"), "from-the-file\n");
    cli.withEnvironment(Map.of("LAVALIER_TOKEN", "from-the-environment"));
    ConnectOptions plain = ConnectOptions.builder(CliRunner.DEFAULT_SERVER).build();
    Path ca = Path.of("ca.pem");
    cli.run("devices");
    cli.run("--tls", "subscriptions", "--server-name", "studio.example");
    cli.run("meter", "--ca", "ca.pem", "--token-file", token.toString());
    cli.run("bench", "--cert", "me.pem", "--key", "me.key");
    assertThat(cli.connected())
        .containsExactly(
            plain.toBuilder().token("from-the-environment").build(),
            plain.toBuilder()
                .token("from-the-environment")
                .tls(true)
                .serverName("studio.example")
                .build(),
            plain.toBuilder().token("from-the-file").ca(ca).build(),
            plain.toBuilder()
                .token("from-the-environment")
                .certificate(Path.of("me.pem"))
                .key(Path.of("me.key"))
                .build());
  }

  @Test
  void subscriptionsAreListedAsTable() {
    server.setSubscriptions(
        List.of(
            subscription(1, "studio", "tone"),
            subscription(12, "CN=desk", "mic-in-the-hall").toBuilder()
                .setCodec(Codec.CODEC_OPUS)
                .setBitrate(64_000)
                .build(),
            subscription(13, "bob", "tone").toBuilder().setCodec(Codec.CODEC_PCM).build()));
    assertThat(cli.run("subscriptions")).isZero();
    assertThat(cli.out().lines())
        .containsExactly(
            "ID  WHO      ADDRESS        DEVICE           FORMAT        CODEC       SINCE         "
                + "        FRAMES  BYTES   MISSED",
            "1   studio   10.0.0.9:5555  tone             8000/1/s16le  -           2026-01-02T03:04"
                + ":05Z  50      123456  80",
            "12  CN=desk  10.0.0.9:5555  mic-in-the-hall  8000/1/s16le  opus/64000  2026-01-02T03:04"
                + ":05Z  50      123456  80",
            "13  bob      10.0.0.9:5555  tone             8000/1/s16le  pcm         2026-01-02T03:04"
                + ":05Z  50      123456  80");
    cli.reset();
    assertThat(cli.run("subscriptions", "--device", "tone")).isZero();
    assertThat(cli.out().lines()).hasSize(3);
    cli.reset();
    assertThat(cli.run("subscriptions", "--device", "moon")).isZero();
    assertThat(cli.outBytes().length).isZero();
    assertThat(cli.err()).isEqualTo("no subscriptions\n");
  }

  @Test
  void subscriptionsAreListedAsJson() {
    server.setSubscriptions(
        List.of(
            subscription(1, "studio", "k\u00fcche").toBuilder()
                .setCodec(Codec.CODEC_FLAC)
                .build()));
    assertThat(cli.run("subscriptions", "--json")).isZero();
    assertThat(cli.out())
        .isEqualTo(
            "{\"subscriptions\":[{\"subscription_id\":1,\"identity\":\"studio\","
                + "\"address\":\"10.0.0.9:5555\",\"device_id\":\"k\\u00fcche\","
                + "\"format\":\"8000/1/s16le\",\"frame_size\":160,"
                + "\"since\":\"2026-01-02T03:04:05.678901234Z\",\"frame_count\":50,"
                + "\"byte_count\":123456,\"samples_lost\":80,"
                + "\"codec\":\"flac\",\"bitrate\":0}]}\n");
    cli.reset();
    assertThat(cli.run("subscriptions", "--json", "--device", "moon")).isZero();
    assertThat(cli.out()).isEqualTo("{\"subscriptions\":[]}\n");
    assertThat(cli.err()).isEmpty();
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

  private String serverOf(String... args) {
    cli.run(args);
    return cli.connected().get(cli.connected().size() - 1).server();
  }

  @Test
  void serverIsThatOfOptionThenOfEnvironment() {
    assertThat(serverOf("devices")).isEqualTo("127.0.0.1:50051");
    cli.withEnvironment(Map.of("LAVALIER_SERVER", ""));
    assertThat(serverOf("devices")).isEqualTo("127.0.0.1:50051");
    cli.withEnvironment(Map.of("LAVALIER_SERVER", "127.0.0.2"));
    assertThat(serverOf("devices")).isEqualTo("127.0.0.2:50051");
    assertThat(serverOf("devices", "--server", "127.0.0.3:1")).isEqualTo("127.0.0.3:1");
    assertThat(serverOf("devices", "--server", "localhost")).isEqualTo("localhost:50051");
    assertThat(serverOf("devices", "--server", "[::1]")).isEqualTo("[::1]:50051");
  }
}
