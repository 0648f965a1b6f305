package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lavalier.testing.SlowTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Streams to the gRPC implementations of other languages, with the programs in {@code
 * client/interop}. All of them stream at the same time, with frames of 5 ms and 1.5 MB/s for each.
 * In the middle, each one reads nothing for some seconds, while its connection stays alive.
 *
 * <p>{@code -Dinterop.seconds=120} sets the length of the streams. Prints the result of each
 * client.
 */
@SlowTest
final class InteropIT {

  private static final int SECONDS = Integer.getInteger("interop.seconds", 24);

  /**
   * Longer than the audio that the buffers of a client and the queue of a subscription can hold.
   */
  private static final int PAUSE_SECONDS = 10;

  private static final int RATE_HZ = 48_000;
  private static final int CHANNELS = 8;
  private static final int NUMBERS = 1 << 20;
  private static final int HEADER_BYTES = 44;
  private static final int MISSING_TOOL = 3;

  /**
   * The clients, and the least number of pings by which each one measures the bandwidth. grpc-go
   * sends one for most frames. C++, Python, Ruby and Java send fewer while the bandwidth does not
   * change. The others send none by default.
   */
  private static final Map<String, Integer> LEAST_PINGS =
      new TreeMap<>(
          Map.of(
              "grpc-go", 200,
              "grpc-cpp", 5,
              "grpc-python", 5,
              "grpc-ruby", 5,
              "grpc-js", 0,
              "connect-node", 0,
              "grpc-java", 5,
              "lavalier-java", 0));

  /** A program, and the frames on its connections. */
  private record Streaming(
      Process process, LoopbackProxy proxy, AtomicInteger pings, AtomicInteger goAways) {}

  @TempDir static Path dir;

  /** The clients that cannot be built, and why. */
  private static final Map<String, String> MISSING = new TreeMap<>();

  private static final Map<String, Streaming> STREAMING = new TreeMap<>();
  private static ServerProcess server;

  @BeforeAll
  @Timeout(value = 8, unit = TimeUnit.MINUTES) // the first build compiles the packages of Go
  static void startStreams() throws Exception {
    Map<String, Process> builds = new TreeMap<>();
    for (String client : clients()) {
      Path build = ProcessRunner.TOP.resolve("client/interop/build");
      builds.put(client, start(client, List.of(build.toString(), client, dir.toString())));
    }
    for (Map.Entry<String, Process> build : builds.entrySet()) {
      int code = build.getValue().waitFor();
      String errors = Files.readString(errors(build.getKey())).strip();
      if (code == MISSING_TOOL) {
        MISSING.put(build.getKey(), errors);
      } else {
        assertThat(code).as("%s: %s", build.getKey(), errors).isZero();
      }
    }
    Path wav = writeNumbers();
    server = ServerProcess.start(Map.of(), "--wav", "numbers=" + wav);
    for (String client : clients()) {
      if (!MISSING.containsKey(client)) {
        STREAMING.put(client, stream(client, wav));
      }
    }
  }

  /** Writes a file whose values are 0, 1, 2 and so on, so that each one shows its place. */
  private static Path writeNumbers() throws IOException {
    ByteBuffer numbers =
        ByteBuffer.allocate(NUMBERS * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < NUMBERS; i++) {
      numbers.putInt(i);
    }
    AudioFormat format = new AudioFormat(RATE_HZ, Integer.SIZE, CHANNELS, true, false);
    Path wav = dir.resolve("numbers.wav");
    try (AudioInputStream samples =
        new AudioInputStream(
            new ByteArrayInputStream(numbers.array()), format, NUMBERS / CHANNELS)) {
      AudioSystem.write(samples, AudioFileFormat.Type.WAVE, wav.toFile());
    }
    assertThat(wav).hasSize(HEADER_BYTES + numbers.capacity()); // as the programs expect
    return wav;
  }

  private static Streaming stream(String client, Path wav) throws IOException {
    AtomicInteger pings = new AtomicInteger();
    AtomicInteger goAways = new AtomicInteger();
    LoopbackProxy proxy =
        new LoopbackProxy(
            server.address(),
            () ->
                Http2FrameScanner.ofClient(
                    (type, flags) -> {
                      if (type == Http2FrameScanner.PING && flags != Http2FrameScanner.ACK) {
                        pings.incrementAndGet();
                      }
                    }),
            () ->
                Http2FrameScanner.ofServer(
                    (type, flags) -> {
                      if (type == Http2FrameScanner.GOAWAY) {
                        goAways.incrementAndGet();
                      }
                    }));
    List<String> command =
        List.of(
            dir.resolve(client).toString(),
            proxy.address(),
            wav.toString(),
            Integer.toString(SECONDS),
            Integer.toString(PAUSE_SECONDS));
    return new Streaming(start(client, command), proxy, pings, goAways);
  }

  private static Process start(String client, List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .redirectOutput(dir.resolve(client + ".out").toFile())
        .redirectError(errors(client).toFile())
        .start();
  }

  private static Path errors(String client) {
    return dir.resolve(client + ".err");
  }

  @AfterAll
  static void stop() throws Exception {
    for (Streaming streaming : STREAMING.values()) {
      streaming.process.destroyForcibly().waitFor();
      streaming.proxy.close();
    }
    if (server != null) {
      server.close();
    }
  }

  static Set<String> clients() {
    return LEAST_PINGS.keySet();
  }

  @ParameterizedTest
  @MethodSource("clients")
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void streamIsCompleteUntilThePauseAndCountedAfterIt(String client) throws Exception {
    assumeTrue(!MISSING.containsKey(client), () -> MISSING.get(client));
    Streaming streaming = STREAMING.get(client);
    assertThat(streaming.process.waitFor(SECONDS + 60, TimeUnit.SECONDS))
        .as("the end of %s", client)
        .isTrue();
    String errors = Files.readString(errors(client));
    assertThat(streaming.process.exitValue()).as(errors + server.log()).isZero();
    String out = Files.readString(dir.resolve(client + ".out")).strip();
    System.out.printf("%s, pings %d%n", out, streaming.pings.get());

    JsonObject result = JsonParser.parseString(out).getAsJsonObject();
    long first = result.get("first").getAsLong();
    long next = result.get("next").getAsLong();
    long received = result.get("received").getAsLong();
    long missing = result.get("missing").getAsLong();
    assertThat(next - first).isGreaterThanOrEqualTo((long) SECONDS * RATE_HZ);
    assertThat(result.get("wrong").getAsLong()).isZero();
    assertThat(result.get("misplaced").getAsLong()).isZero();
    assertThat(result.get("missing_before_pause").getAsLong()).isZero();
    assertThat(missing).isPositive();
    assertThat(received + missing).isEqualTo(next - first);
    assertThat(streaming.goAways).hasValue(0);
    assertThat(streaming.pings.get()).isGreaterThanOrEqualTo(LEAST_PINGS.get(client));
  }
}
