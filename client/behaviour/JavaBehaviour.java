import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.OnDeviceLoss;
import dev.lavalier.client.StreamOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/** The Java client of the behaviour tests. README.md describes the commands and events. */
public final class JavaBehaviour {

  private static final Gson GSON = new Gson();
  private static final BlockingQueue<JsonObject> requests = new LinkedBlockingQueue<>();
  private static final AtomicLong pauseMs = new AtomicLong();
  private static volatile FrameStream stream;

  private JavaBehaviour() {}

  /** Runs the program until the end of its input. */
  public static void main(String[] args) throws Exception {
    Thread commands = new Thread(JavaBehaviour::readCommands, "commands");
    commands.setDaemon(true);
    commands.start();
    emit("ready", Map.of());
    while (true) {
      JsonObject request = requests.take();
      try {
        run(request);
        emit("end", Map.of("error", "", "message", ""));
      } catch (LavalierException e) {
        emit("end", Map.of("error", e.kind(), "message", e.getMessage()));
      }
    }
  }

  private static void readCommands() {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      String line;
      while ((line = in.readLine()) != null) {
        String[] words = line.split(" ", 2);
        switch (words[0]) {
          case "open" -> requests.add(JsonParser.parseString(words[1]).getAsJsonObject());
          case "pause" -> pauseMs.set(Long.parseLong(words[1]));
          default -> stream.close();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    System.exit(0);
  }

  private static synchronized void emit(String event, Map<String, ?> fields) {
    JsonObject object = new JsonObject();
    object.addProperty("event", event);
    fields.forEach((name, value) -> object.add(name, GSON.toJsonTree(value)));
    System.out.println(object);
  }

  private static ConnectOptions connectOptions(JsonObject request) {
    ConnectOptions.Builder options = ConnectOptions.builder(request.get("server").getAsString());
    String ca = request.get("ca").getAsString();
    if (!ca.isEmpty()) {
      options.ca(Path.of(ca));
    }
    String tokenFile = request.get("token_file").getAsString();
    if (!tokenFile.isEmpty()) {
      options.tokenSource(() -> token(tokenFile));
    }
    return options.build();
  }

  private static String token(String file) {
    emit("token", Map.of());
    try {
      return Files.readString(Path.of(file)).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static StreamOptions streamOptions(JsonObject request) {
    return StreamOptions.builder()
        .deviceId(request.get("device").getAsString())
        .maxLatency(Duration.ofMillis(request.get("max_latency_ms").getAsInt()))
        .preroll(Duration.ofMillis(request.get("preroll_ms").getAsInt()))
        .onDeviceLoss(request.get("wait").getAsBoolean() ? OnDeviceLoss.WAIT : OnDeviceLoss.FAIL)
        .build();
  }

  private static void run(JsonObject request) throws LavalierException, InterruptedException {
    try (LavalierClient client = LavalierClient.connect(connectOptions(request));
        FrameStream frames = client.stream(streamOptions(request))) {
      stream = frames;
      frames.onNotice(notice -> emit("notice", Map.of("message", notice.message())));
      long epoch = 0;
      Frame frame;
      while ((frame = frames.read()) != null) {
        long now = System.currentTimeMillis();
        if (frames.start().epoch() != epoch) {
          epoch = frames.start().epoch();
          emitStarted(frames);
        }
        emit(frame, now);
        long pause = pauseMs.getAndSet(0);
        if (pause > 0) {
          emit("paused", Map.of());
          Thread.sleep(pause);
          emit("resumed", Map.of());
        }
      }
    }
  }

  private static void emitStarted(FrameStream frames) {
    emit(
        "started",
        Map.of(
            "epoch",
            frames.start().epoch(),
            "rate",
            frames.start().format().sampleRateHz(),
            "frame_size",
            frames.start().frameSize(),
            "preroll_ms",
            frames.start().preroll().toMillis()));
  }

  private static void emit(Frame frame, long now) {
    long readAt = frame.captureTimeUnixNanos() + frame.readDelayNanos();
    List<List<Object>> gap = new ArrayList<>();
    for (Gap.Part part : frame.gap().map(Gap::parts).orElse(List.of())) {
      gap.add(List.of(part.sampleCount(), part.cause(), part.estimated()));
    }
    emit(
        "frame",
        Map.of(
            "index",
            frame.sampleIndex(),
            "time_us",
            frame.captureTimeUnixNanos() / 1_000,
            "age_ms",
            now - readAt / 1_000_000,
            "gap",
            gap));
  }
}
