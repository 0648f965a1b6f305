package dev.lavalier.client.it;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lavalier.client.Notice;
import dev.lavalier.client.OnDeviceLoss;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.client.it.CountingStream.Heard;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A subscriber program for bench/fleet.py: {@code HOST:PORT[,HOST:PORT] DEVICE[,DEVICE] COUNT
 * MAX_LATENCY_MS FRAME_MS}. Streams share the devices in turn, and use the first server that
 * accepts a connection.
 *
 * <p>It prints {@code ready} when each stream has samples. After {@code restart} on standard input
 * it counts from 0. After {@code report} it prints a JSON array with an object for each stream. It
 * exits at the end of its input.
 */
final class FleetProbe {

  private FleetProbe() {}

  /** Runs the program. */
  public static void main(String[] args) throws Exception {
    List<String> servers = List.of(args[0].split(",", -1));
    String[] devices = args[1].split(",", -1);
    int count = Integer.parseInt(args[2]);
    Duration maxLatency = Duration.ofMillis(Integer.parseInt(args[3]));
    int frameSize = FleetProcesses.COUNTING_RATE * Integer.parseInt(args[4]) / 1_000;
    List<CountingStream> streams = new ArrayList<>();
    try (LoopbackProxy balancer = LoopbackProxy.toFirstOf(servers)) {
      String address = servers.size() == 1 ? servers.get(0) : balancer.address();
      for (int i = 0; i < count; i++) {
        streams.add(
            new CountingStream(
                address,
                StreamOptions.builder()
                    .deviceId(devices[i % devices.length])
                    .maxLatency(maxLatency)
                    .frameSize(frameSize)
                    .onDeviceLoss(OnDeviceLoss.WAIT)
                    .build()));
      }
      for (CountingStream stream : streams) {
        stream.awaitSamples(1);
      }
      System.out.println("ready");
      answer(streams);
      for (CountingStream stream : streams) {
        stream.close();
      }
    }
  }

  private static void answer(List<CountingStream> streams) throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    String line;
    while ((line = in.readLine()) != null) {
      if (line.equals("restart")) {
        streams.forEach(CountingStream::restartCounts);
      } else {
        JsonArray report = new JsonArray();
        streams.forEach(stream -> report.add(json(stream.heard())));
        System.out.println(report);
      }
    }
  }

  private static JsonObject json(Heard heard) {
    JsonObject json = new JsonObject();
    json.addProperty("samples", heard.samples());
    JsonObject lost = new JsonObject();
    heard.lost().forEach((cause, samples) -> lost.addProperty(cause.name(), samples));
    json.add("lost", lost);
    json.addProperty("estimated", heard.estimated());
    json.addProperty("oldest_ms", heard.oldest().toMillis());
    json.addProperty("pause_ms", heard.longestPause().toMillis());
    JsonArray epochs = new JsonArray();
    heard.epochs().forEach(epochs::add);
    json.add("epochs", epochs);
    JsonArray notices = new JsonArray();
    heard.notices().stream().map(Notice::message).forEach(notices::add);
    json.add("notices", notices);
    json.addProperty("end", heard.end());
    return json;
  }
}
