package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import dev.lavalier.testing.Programs;
import dev.lavalier.testing.TestSounds;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.Codec;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Tests a tone, a voice and music from a server process, over gRPC and over WebSocket, decoded by
 * other programs: FLAC is exact, and the noise of Opus is limited in each band of the ear.
 */
final class CodecSoundsIT {

  private static final int RATE = 48_000;
  private static final int FRAME = 960;
  private static final int FRAMES = 100;
  private static final int CREDIT = 10 * FRAMES; // for those after a gap
  private static final int SECONDS = 5;

  /** An encoder has adapted to the sound after this time. */
  private static final int SETTLING = RATE / 2;

  private static final Map<String, double[]> SOUNDS =
      Map.of(
          "sine", TestSounds.sine(RATE, SECONDS),
          "voice", TestSounds.speech(RATE, SECONDS),
          "strings", TestSounds.strings(RATE, SECONDS));

  /** The lowest mean ratio in dB at 64 kbit/s, somewhat below what was measured. */
  private static final Map<String, Double> MIN_DB =
      Map.of("sine", 12.0, "voice", 8.0, "strings", 7.0);

  @TempDir static Path dir;

  private static ServerProcess server;
  private static int webPort;
  private static ManagedChannel channel;

  /** How a test calls the server. */
  enum Transport {
    GRPC {
      @Override
      Iterator<StreamFramesResponse> call(StreamFramesRequest request) {
        return AudioCaptureGrpc.newBlockingStub(channel)
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .streamFrames(request);
      }
    },
    WEB_SOCKET {
      @Override
      Iterator<StreamFramesResponse> call(StreamFramesRequest request) {
        return new WebSocketResponses(request);
      }
    };

    abstract Iterator<StreamFramesResponse> call(StreamFramesRequest request);
  }

  /** The responses of PullFrames over WebSocket. */
  private static final class WebSocketResponses
      implements Iterator<StreamFramesResponse>, WebSocket.Listener {

    private final BlockingQueue<byte[]> messages = new LinkedBlockingQueue<>();
    private final ByteArrayOutputStream part = new ByteArrayOutputStream();

    WebSocketResponses(StreamFramesRequest request) {
      PullFramesRequest first =
          PullFramesRequest.newBuilder().setSubscribe(request).setCredit(CREDIT).build();
      HttpClient.newHttpClient()
          .newWebSocketBuilder()
          .subprotocols("lavalier.v1")
          .buildAsync(
              URI.create(
                  "ws://127.0.0.1:%d/lavalier.v1.AudioCapture/PullFrames".formatted(webPort)),
              this)
          .join()
          .sendBinary(ByteBuffer.wrap(first.toByteArray()), true)
          .join();
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
      byte[] bytes = new byte[data.remaining()];
      data.get(bytes);
      part.writeBytes(bytes);
      if (last) {
        messages.add(part.toByteArray());
        part.reset();
      }
      socket.request(1);
      return null;
    }

    @Override
    public boolean hasNext() {
      return true;
    }

    @Override
    public StreamFramesResponse next() {
      try {
        byte[] message = messages.poll(30, TimeUnit.SECONDS);
        assertThat(message).as("a message within 30 s").isNotNull();
        return StreamFramesResponse.parseFrom(message);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }

  @BeforeAll
  static void start() throws IOException {
    List<String> options = new ArrayList<>(List.of("--demo", "--web-port", "0"));
    for (Map.Entry<String, double[]> sound : SOUNDS.entrySet()) {
      Path file = dir.resolve(sound.getKey() + ".wav");
      AudioSystem.write(
          new AudioInputStream(
              new ByteArrayInputStream(TestSounds.s16le(sound.getValue(), 1)),
              new AudioFormat(RATE, 16, 1, true, false),
              sound.getValue().length),
          AudioFileFormat.Type.WAVE,
          file.toFile());
      options.addAll(List.of("--wav", sound.getKey() + "=" + file));
    }
    server = ServerProcess.start(Map.of(), options.toArray(String[]::new));
    webPort = server.webPort();
    channel = NettyChannelBuilder.forTarget(server.address()).usePlaintext().build();
  }

  @AfterAll
  static void stop() throws IOException {
    channel.shutdownNow();
    server.close();
  }

  private static StreamFramesRequest request(String device, Codec codec) {
    return StreamFramesRequest.newBuilder()
        .setDeviceId(device)
        .setFrameSize(FRAME)
        .setMaxLatencyMs(20_000) // the streams are read in turn
        .setCodec(codec)
        .build();
  }

  /** The codec's header, and the packets of frames without a gap between them. */
  private record Packets(ByteString header, List<byte[]> frames, long firstSample) {

    /** Reads enough frames. Starts again after a gap, which a busy machine can cause. */
    static Packets read(Iterator<StreamFramesResponse> responses) {
      ByteString header = responses.next().getStarted().getCodecConfig();
      List<byte[]> frames = new ArrayList<>();
      long first = -1;
      while (frames.size() < FRAMES) {
        var frame = responses.next().getFrame();
        long expected = first + (long) FRAME * frames.size();
        if (first >= 0) {
          long missing = frame.getSampleIndex() - expected;
          assertThat(frame.getGap().getSampleCount()).isEqualTo(missing);
        }
        if (frame.getSampleIndex() != expected) {
          first = frame.getSampleIndex();
          frames.clear();
        }
        frames.add(frame.getPacket().toByteArray());
      }
      return new Packets(header, frames, first);
    }

    /** Returns the samples that the server played, by the sample index. */
    double[] played(String device, int count) {
      double[] sound = SOUNDS.get(device);
      double[] played = new double[count];
      for (int k = 0; k < count; k++) {
        played[k] = Math.round(32_767 * sound[(int) ((firstSample + k) % sound.length)]) / 32_767.0;
      }
      return played;
    }
  }

  private static double[] samples(Path raw) throws IOException {
    ByteBuffer pcm = ByteBuffer.wrap(Files.readAllBytes(raw)).order(ByteOrder.LITTLE_ENDIAN);
    double[] samples = new double[pcm.remaining() / 2];
    for (int k = 0; k < samples.length; k++) {
      samples[k] = pcm.getShort() / 32_767.0;
    }
    return samples;
  }

  @ParameterizedTest
  @EnumSource
  void flacIsExact(Transport transport) throws Exception {
    assumeTrue(Programs.isInstalled("flac"), "flac is not installed");
    Packets packets = Packets.read(transport.call(request("voice", Codec.CODEC_FLAC)));
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    content.writeBytes(packets.header().toByteArray());
    packets.frames().forEach(content::writeBytes);
    Path file = Files.write(dir.resolve(transport + ".flac"), content.toByteArray());
    Path raw = dir.resolve(transport + ".flac.raw");
    Programs.run(
        "flac",
        "--silent",
        "--decode",
        "--force-raw-format",
        "--endian=little",
        "--sign=signed",
        "--output-name=" + raw,
        file.toString());
    assertThat(samples(raw)).isEqualTo(packets.played("voice", FRAMES * FRAME));
  }

  @ParameterizedTest
  @EnumSource
  void noiseOfOpusIsLimitedInEachBand(Transport transport) throws Exception {
    assumeTrue(Programs.isInstalled("opusdec"), "opus-tools is not installed");
    List<String> devices = List.of("sine", "voice", "strings");
    List<Iterator<StreamFramesResponse>> calls = new ArrayList<>();
    for (String device : devices) {
      calls.add(transport.call(request(device, Codec.CODEC_OPUS)));
    }
    SoftAssertions ratios = new SoftAssertions();
    for (int k = 0; k < devices.size(); k++) {
      String device = devices.get(k);
      Packets packets = Packets.read(calls.get(k));
      double[] decoded = decode(transport + device, packets);
      double[] played = packets.played(device, decoded.length);
      double ratio =
          BandRatios.meanDb(
              Arrays.copyOfRange(played, SETTLING, played.length),
              Arrays.copyOfRange(decoded, SETTLING, decoded.length),
              RATE);
      ratios.assertThat(ratio).as("%s, dB", device).isGreaterThan(MIN_DB.get(device));
    }
    ratios.assertAll();
  }

  private static double[] decode(String name, Packets packets) throws Exception {
    OggFile file = new OggFile();
    file.add(packets.header().toByteArray(), 0);
    file.add(OggFile.opusTags(), 0);
    for (int k = 0; k < FRAMES; k++) {
      file.add(packets.frames().get(k), (long) FRAME * (k + 1));
    }
    Path ogg = Files.write(dir.resolve(name + ".opus"), file.toByteArray());
    Path raw = dir.resolve(name + ".opus.raw");
    Programs.run("opusdec", "--quiet", ogg.toString(), raw.toString());
    return samples(raw);
  }
}
