package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.FakeMessages;
import dev.lavalier.client.FakeServer;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.Codec;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.GapPart;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamNotice;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

final class RecordCommandTest {

  static final List<StreamFramesResponse> WITH_A_GAP =
      List.of(
          FakeMessages.started(80),
          FakeMessages.frame(0, 80, 0),
          FakeMessages.frame(320, 80, 240),
          FakeMessages.frame(400, 80, 0));

  @RegisterExtension final FakeServer server = new FakeServer();

  @TempDir Path dir;

  private final CliRunner cli = new CliRunner(server);

  @Test
  void waitFlagSelectsWaitOnDeviceLoss() {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE);
    cli.run("record", "--seconds", "0.01", dir.resolve("a.wav").toString());
    assertThat(server.lastRequest().getOnDeviceLoss()).isEqualTo(OnDeviceLoss.ON_DEVICE_LOSS_FAIL);
    cli.run("record", "--seconds", "0.01", "--wait", dir.resolve("b.wav").toString());
    assertThat(server.lastRequest().getOnDeviceLoss()).isEqualTo(OnDeviceLoss.ON_DEVICE_LOSS_WAIT);
  }

  @Test
  void formatAndChannelsAreRequested() throws Exception {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE);
    cli.run("record", "--seconds", "0.01", dir.resolve("a.wav").toString());
    assertThat(server.lastRequest().hasFormat()).isFalse();
    assertThat(server.lastRequest().getChannelMapList()).isEmpty();
    cli.run("record", "--format", "16000/2/f32le", "--channels", "2,0", "--seconds", "0.01", "-");
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
  void codecAndBitrateAreRequested() {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE);
    cli.run("record", "--seconds", "0.01", dir.resolve("a.wav").toString());
    assertThat(server.lastRequest().getCodec()).isEqualTo(Codec.CODEC_UNSPECIFIED);
    assertThat(server.lastRequest().getBitrate()).isZero();
    cli.run("record", "--codec", "opus", "--bitrate", "24000", "--seconds", "0.01", "-");
    assertThat(server.lastRequest().getCodec()).isEqualTo(Codec.CODEC_OPUS);
    assertThat(server.lastRequest().getBitrate()).isEqualTo(24_000);
  }

  @Test
  void unknownCodecIsRejectedWithTheNamesOfTheOthers() {
    assertThat(cli.run("record", "--codec", "mp3", "-")).isEqualTo(2);
    assertThat(cli.err()).isEqualTo("--codec: mp3 (expected: pcm or opus or flac) (see --help)\n");
  }

  @Test
  void recordWritesExactDurationAndFillsGap() throws Exception {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE);
    Path wav = dir.resolve("take.wav");
    // 0.0525 s at 8 kHz are 420 samples: one frame, a gap of 240, a frame, and 20 of the last.
    assertThat(cli.run("record", "--seconds", "0.0525", wav.toString())).isZero();

    assertThat(cli.err())
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
    assertThat(cli.run("record", "--seconds", "0.05", "-")).isZero();
    assertThat(cli.err())
        .isEqualTo(
            "gap: 240 samples (0.030 s) at 0:00:00.0, 0.010 s lost by the device (estimated) and"
                + " 0.020 s while the server was overloaded, filled with silence\n");
  }

  @Test
  void gapLongerThanRecordingEndsIt() throws Exception {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE);
    assertThat(cli.run("record", "--seconds", "0.02", "-")).isZero();
    assertThat(cli.outBytes().length).isEqualTo(2 * 160);
  }

  @Test
  void recordKeepsCompleteFileAndPrintsOneLineWhenServerStops() throws Exception {
    List<StreamFramesResponse> messages = new ArrayList<>(WITH_A_GAP);
    messages.add(
        StreamFramesResponse.newBuilder()
            .setNotice(
                StreamNotice.newBuilder()
                    .setKind(NoticeKind.NOTICE_KIND_SERVER_STOPPING)
                    .setMessage("the server is stopping"))
            .build());
    server.respondWith(messages, Status.UNAVAILABLE.withDescription("the server is stopping"));
    Path wav = dir.resolve("take.wav");
    assertThat(cli.run("record", "--reconnect-s", "0", wav.toString())).isEqualTo(1);
    assertThat(cli.err().lines().filter(line -> line.contains("the server is stopping")))
        .singleElement()
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
    assertThat(cli.run("record", "--seconds", "0.21", wav.toString())).isZero();
    assertThat(cli.err().lines().skip(1))
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
    assertThat(cli.run("record", "--preroll", "20", "--seconds", "0.01", "-")).isZero();
    assertThat(server.lastRequest().getPrerollMs()).isEqualTo(20);
    assertThat(cli.err()).isEmpty();
    assertThat(cli.run("record", "--preroll", "5000", "--seconds", "0.01", "-")).isZero();
    assertThat(cli.err())
        .isEqualTo(
            "preroll: the server had 20 of 5000 ms (the operator sets how much: --history-ms)\n");
  }

  @Test
  void rejectedRecordLeavesFileUnchanged() throws Exception {
    server.respondWith(List.of(), Status.NOT_FOUND.withDescription("no such device"));
    Path old = Files.writeString(dir.resolve("old.wav"), "precious");
    Path fresh = dir.resolve("new.wav");
    assertThat(cli.run("record", old.toString())).isEqualTo(1);
    assertThat(cli.run("record", fresh.toString())).isEqualTo(1);
    assertThat(cli.err()).isEqualTo("no such device\nno such device\n");
    assertThat(old).hasContent("precious");
    assertThat(fresh).doesNotExist();
  }

  @Test
  void progressAndSummaryAreShownOnTerminal() {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE.withDescription("gone"));
    Path wav = dir.resolve("x.wav");
    cli.withErrorsOnTerminal().run("record", "--seconds", "0.06", wav.toString());
    assertThat(cli.err())
        .contains("recording fake, 8000/1/s16le")
        .contains("\r0:00:00.0  peak  -42.1")
        .contains("\r0:00:00.1  peak  -42.1 dBFS  gaps 1\n") // 0.06 s, rounded
        .endsWith("wrote " + wav + ": 0.1 s, 1 gap\n");
  }

  @Test
  void recordAsksForLongQueue() {
    server.respondWith(WITH_A_GAP, Status.UNAVAILABLE);
    assertThat(cli.run("record", "--seconds", "0.01", "-")).isZero();
    assertThat(server.lastRequest().getMaxLatencyMs()).isEqualTo(60_000);
    assertThat(cli.run("meter", "--seconds", "0.01")).isZero();
    assertThat(server.lastRequest().getMaxLatencyMs()).isZero();
    assertThat(cli.run("meter", "--seconds", "0.01", "--max-latency-ms", "1s")).isZero();
    assertThat(server.lastRequest().getMaxLatencyMs()).isEqualTo(1_000);
  }

  @Test
  void recordAsksForShorterQueueIfServerHasNoMemory() {
    Status noMemory = Status.RESOURCE_EXHAUSTED.withDescription("memory of streams: full");
    server.respondWith(List.of(), noMemory);
    server.thenRespondWith(List.of(), noMemory);
    server.thenRespondWith(WITH_A_GAP.subList(0, 2), Status.UNAVAILABLE);
    assertThat(cli.run("record", "--seconds", "0.01", "-")).isZero();
    assertThat(server.requests().stream().map(StreamFramesRequest::getMaxLatencyMs))
        .containsExactly(60_000, 20_000, 5_000);
    assertThat(cli.err())
        .isEqualTo(
            "notice: a stall of more than 0.2 s loses audio, because the server refused a longer"
                + " queue: memory of streams: full\n"); // the fake server grants 0.2 s
  }

  @Test
  void recordEndsIfServerHasNoMemoryAtAll() {
    Status noMemory = Status.RESOURCE_EXHAUSTED.withDescription("memory of streams: full");
    server.respondWith(List.of(), noMemory);
    assertThat(cli.run("record", "-")).isEqualTo(1);
    assertThat(server.requests().stream().map(StreamFramesRequest::getMaxLatencyMs))
        .containsExactly(60_000, 20_000, 5_000, 0);
    assertThat(cli.err()).isEqualTo("memory of streams: full\n");
  }

  @Test
  void maxLatencyFlagSwitchesFallbackOff() {
    server.respondWith(List.of(), Status.RESOURCE_EXHAUSTED.withDescription("full"));
    assertThat(cli.run("record", "--max-latency-ms", "60000", "-")).isEqualTo(1);
    assertThat(server.requests()).hasSize(1);
  }
}
