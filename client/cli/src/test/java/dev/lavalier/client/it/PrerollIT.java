package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Device;
import dev.lavalier.client.DeviceState;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.testing.SineMeter;
import dev.lavalier.testing.SoundServerTest;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests audio that a real capture line recorded before the subscription. */
@SoundServerTest
final class PrerollIT {

  private static final int RATE = 48_000;
  private static final int MARKER_HZ = 3_000; // in addition to the 1000 Hz that always play
  private static final double MARKER_PEAK = 0.25;
  private static final int MARKER_MS = 500;
  private static final int PREROLL_MS = 4_000;
  private static final int BLOCK = RATE / 100; // 10 ms are whole periods of both tones

  @TempDir Path dir;

  @Test
  void prerollHasMarkerPlayedBeforeCall() throws Exception {
    PulseAudio.assumeInstalled();
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server =
            ServerProcess.start(
                pulse.environment(), "--history-ms", "10000", "--keep-open", "default")) {
      try (LavalierClient client = server.client()) {
        awaitOpen(client);
      }
      Path marker = Files.write(dir.resolve("marker.raw"), marker());
      pulse.tool(
          List.of(
              "paplay",
              "--raw",
              "--rate=" + RATE,
              "--channels=1",
              "--format=s16le",
              "--device=mic",
              marker.toString()));

      long calledAt = System.currentTimeMillis() * 1_000_000;
      ByteArrayOutputStream recorded = new ByteArrayOutputStream();
      ManagedChannel channel =
          ManagedChannelBuilder.forTarget(server.address()).usePlaintext().build();
      try {
        Iterator<StreamFramesResponse> messages =
            AudioCaptureGrpc.newBlockingStub(channel)
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .streamFrames(
                    StreamFramesRequest.newBuilder()
                        .setPrerollMs(PREROLL_MS)
                        .setMaxLatencyMs(10_000)
                        .build());
        int granted = messages.next().getStarted().getPrerollMs();
        AudioFrame frame = messages.next().getFrame();
        assertThat(calledAt - frame.getCaptureTimeUnixNanos())
            .isBetween((granted - 500) * 1_000_000L, (granted + 500) * 1_000_000L);
        while (frame.getCaptureTimeUnixNanos() < calledAt) {
          assertThat(frame.hasGap()).isFalse();
          frame.getPcm().writeTo(recorded);
          frame = messages.next().getFrame();
        }
      } finally {
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
      }
      double seconds = secondsOfMarker(SineMeter.channelOfS16(recorded.toByteArray(), 2, 0));
      assertThat(seconds).isBetween(MARKER_MS / 1e3 - 0.03, MARKER_MS / 1e3 + 0.03);
    }
  }

  private static void awaitOpen(LavalierClient client) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    Device device = ServerProcess.device(client, "default");
    while (device.state() != DeviceState.OPEN && System.nanoTime() < deadline) {
      device = ServerProcess.device(client, "default");
    }
    assertThat(device.state()).isEqualTo(DeviceState.OPEN);
    assertThat(device.subscriberCount()).isZero();
  }

  private static byte[] marker() {
    ByteBuffer pcm =
        ByteBuffer.allocate(2 * RATE * MARKER_MS / 1_000).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; pcm.hasRemaining(); i++) {
      pcm.putShort((short) (32_767 * MARKER_PEAK * Math.sin(2 * Math.PI * MARKER_HZ * i / RATE)));
    }
    return pcm.array();
  }

  /** Returns the total of the blocks in which the marker has at least half its level. */
  private static double secondsOfMarker(double[] samples) {
    int blocks = 0;
    for (int at = 0; at + BLOCK <= samples.length; at += BLOCK) {
      double re = 0;
      double im = 0;
      for (int i = at; i < at + BLOCK; i++) {
        re += samples[i] * Math.cos(2 * Math.PI * MARKER_HZ * i / RATE);
        im += samples[i] * Math.sin(2 * Math.PI * MARKER_HZ * i / RATE);
      }
      blocks += 2 * Math.hypot(re, im) / BLOCK >= MARKER_PEAK / 2 ? 1 : 0;
    }
    return (double) blocks * BLOCK / RATE;
  }
}
