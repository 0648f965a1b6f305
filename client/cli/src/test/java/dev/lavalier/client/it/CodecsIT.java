package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.Codec;
import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.Programs;
import dev.lavalier.testing.SineMeter;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the tone in each codec, from a server process over TCP to a client or to a file. */
final class CodecsIT {

  private static final int FRAMES = 50;

  private static ServerProcess server;
  private static LavalierClient client;
  private static ManagedChannel channel;

  @TempDir Path dir;

  @BeforeAll
  static void start() throws IOException {
    server = ServerProcess.start(Map.of(), "--demo", "--capture-format", "48000/2/s16le");
    client = server.client();
    channel = NettyChannelBuilder.forTarget(server.address()).usePlaintext().build();
  }

  @AfterAll
  static void stop() throws IOException {
    channel.shutdownNow();
    client.close();
    server.close();
  }

  private static StreamOptions options(Codec codec) {
    return StreamOptions.builder()
        .deviceId("tone")
        .maxLatency(Duration.ofSeconds(10)) // the streams are read in turn
        .codec(codec)
        .build();
  }

  @Test
  void flacContainsTheSamplesOfPcm() throws Exception {
    try (FrameStream pcm = client.stream(options(Codec.PCM));
        FrameStream flac = client.stream(options(Codec.FLAC))) {
      Map<Long, ByteBuffer> expected = new HashMap<>();
      for (int k = 0; k < FRAMES; k++) {
        Frame frame = pcm.read();
        expected.put(frame.sampleIndex(), frame.pcm());
      }
      int compared = 0;
      for (int k = 0; k < FRAMES / 2; k++) {
        Frame frame = flac.read();
        assertThat(frame.gap()).isEmpty();
        if (expected.containsKey(frame.sampleIndex())) {
          assertThat(frame.pcm()).isEqualTo(expected.get(frame.sampleIndex()));
          compared++;
        }
      }
      assertThat(compared).isPositive();
    }
  }

  @ParameterizedTest
  @CsvSource({"48000, 1, 960", "48000, 2, 480", "16000, 1, 320", "24000, 2, 1440", "8000, 1, 20"})
  void opusContainsTheTone(int rate, int channels, int frameSize) throws LavalierException {
    PcmFormat format = new PcmFormat(SampleEncoding.S16LE, rate, channels);
    try (FrameStream opus =
        client.stream(
            options(Codec.OPUS).toBuilder().format(format).frameSize(frameSize).build())) {
      assertThat(opus.start().format()).isEqualTo(format);
      List<Double> samples = new ArrayList<>();
      while (samples.size() < rate) {
        Frame frame = opus.read();
        assertThat(frame.gap()).isEmpty();
        ByteBuffer pcm = frame.pcm();
        for (int k = 0; k < pcm.remaining(); k += 2 * channels) {
          samples.add(pcm.getShort(k) / 32_768.0);
        }
      }
      assertTone(samples.subList(rate / 2, rate), rate);
    }
  }

  /** Asserts that there is the tone of -12 dBFS, with the tolerance of a lossy codec. */
  private static void assertTone(List<Double> samples, int rate) {
    double[] values = samples.stream().mapToDouble(v -> v).toArray();
    SineMeter.Reading reading = new SineMeter(440, rate).measure(values);
    assertThat(reading.frequencyHz()).isBetween(439.0, 441.0);
    assertThat(20 * Math.log10(reading.minPeak())).isBetween(-13.5, -10.5);
    assertThat(20 * Math.log10(reading.maxPeak())).isBetween(-13.5, -10.5);
  }

  /** Reads the start and some frames of a stream, as any gRPC client does. */
  private static List<StreamFramesResponse> read(dev.lavalier.v1.Codec codec) {
    Iterator<StreamFramesResponse> responses =
        AudioCaptureGrpc.newBlockingStub(channel)
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .streamFrames(
                StreamFramesRequest.newBuilder().setDeviceId("tone").setCodec(codec).build());
    List<StreamFramesResponse> read = new ArrayList<>();
    while (read.size() < FRAMES + 1) {
      read.add(responses.next());
    }
    return read;
  }

  @Test
  void configAndPacketsOfFlacAreAFile() throws Exception {
    assumeTrue(Programs.isInstalled("flac"), "flac is not installed");
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (StreamFramesResponse each : read(dev.lavalier.v1.Codec.CODEC_FLAC)) {
      content.write(each.getStarted().getCodecConfig().toByteArray());
      content.write(each.getFrame().getPacket().toByteArray());
    }
    Path file = Files.write(dir.resolve("tone.flac"), content.toByteArray());
    Programs.run("flac", "--silent", "--test", file.toString());
    assertThat(content.size()).isLessThan(FRAMES * 960 * 4);
  }

  @Test
  void configAndPacketsOfOpusAreTheContentOfAnOggFile() throws Exception {
    assumeTrue(Programs.isInstalled("opusdec"), "opus-tools is not installed");
    List<StreamFramesResponse> responses = read(dev.lavalier.v1.Codec.CODEC_OPUS);
    OggFile file = new OggFile();
    file.add(responses.get(0).getStarted().getCodecConfig().toByteArray(), 0);
    file.add(OggFile.opusTags(), 0);
    for (int k = 1; k < responses.size(); k++) {
      file.add(responses.get(k).getFrame().getPacket().toByteArray(), 960L * k);
    }
    Path ogg = Files.write(dir.resolve("tone.opus"), file.toByteArray());
    Path raw = dir.resolve("tone.raw");
    Programs.run("opusdec", "--quiet", ogg.toString(), raw.toString());
    ByteBuffer pcm = ByteBuffer.wrap(Files.readAllBytes(raw)).order(ByteOrder.LITTLE_ENDIAN);
    List<Double> left = new ArrayList<>();
    for (int at = 0; at + 3 < pcm.limit(); at += 4) {
      left.add(pcm.getShort(at) / 32_768.0);
    }
    assertThat(left.size()).isBetween(FRAMES * 960 - 312, FRAMES * 960);
    assertTone(left.subList(24_000, left.size()), 48_000);
  }
}
