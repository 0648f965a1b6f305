package dev.lavalier.client.it;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.StreamOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Measures time by the audio that another subscriber receives. */
final class Witness implements AutoCloseable {

  private final LavalierClient client;
  private final FrameStream stream;

  /** Subscribes to a device. */
  Witness(ServerProcess server, String deviceId) throws LavalierException {
    client = server.client();
    stream =
        client.stream(
            StreamOptions.builder().deviceId(deviceId).maxLatency(Duration.ofSeconds(20)).build());
  }

  /** Waits until some more seconds have been captured. */
  void await(double seconds) throws LavalierException {
    long now = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
    Frame frame = stream.read();
    while (frame.captureTimeUnixNanos() < now + seconds * 1e9) {
      frame = stream.read();
    }
  }

  /** Waits until the server has the last {@code millis} of audio of the device. */
  void awaitHistory(int millis) throws LavalierException {
    Duration wanted = Duration.ofMillis(millis);
    StreamOptions options =
        StreamOptions.builder().deviceId(stream.start().deviceId()).preroll(wanted).build();
    boolean kept = false;
    while (!kept) {
      try (FrameStream replay = client.stream(options)) {
        kept = replay.start().preroll().equals(wanted);
      }
      stream.read();
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
