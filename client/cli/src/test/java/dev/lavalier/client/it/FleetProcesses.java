package dev.lavalier.client.it;

import dev.lavalier.client.Device;
import dev.lavalier.client.DeviceState;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;

/**
 * The arguments of nodes and edges, and the devices of the nodes. The nats-server of Debian 12 is
 * older than production needs.
 */
final class FleetProcesses {

  /** The samples per second of {@link #countingSound}. */
  static final int COUNTING_RATE = 16_000;

  private static final int NOISE_RATE = 48_000;
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private FleetProcesses() {}

  /** Returns the arguments of a node that shares the sounds of a folder: count and noise. */
  static String[] node(String urls, String id, Path sounds, String... more) {
    List<String> arguments = new ArrayList<>(List.of("--fleet", urls, "--fleet-old-engine"));
    arguments.addAll(List.of("--fleet-node", id, "--fleet-share", "*"));
    arguments.addAll(List.of("--wav", "count=" + sounds.resolve("count.wav")));
    arguments.addAll(List.of("--wav", "noise=" + sounds.resolve("noise.wav")));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  /** Returns the arguments of an edge. */
  static String[] edge(String urls, String id, String... more) {
    List<String> arguments = new ArrayList<>(List.of("--fleet", urls, "--fleet-old-engine"));
    arguments.addAll(List.of("--fleet-edge", id));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  static ServerProcess start(String... arguments) throws IOException {
    return ServerProcess.start(Map.of(), arguments);
  }

  /** Writes the sounds of nodes into a folder. */
  static void writeSounds(Path dir) throws IOException {
    write(dir.resolve("count.wav"), COUNTING_RATE, 1, countingSound());
    byte[] noise = new byte[2 * NOISE_RATE * 2 * Short.BYTES]; // 2 s of 2 channels
    new Random(1).nextBytes(noise);
    write(dir.resolve("noise.wav"), NOISE_RATE, 2, noise);
  }

  /** Returns 2^16 samples of 16 bit. The value of each is its index, so it is also in a loop. */
  static byte[] countingSound() {
    ByteBuffer pcm = ByteBuffer.allocate(Short.BYTES << 16).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 1 << 16; i++) {
      pcm.putShort((short) i);
    }
    return pcm.array();
  }

  private static void write(Path file, int rateHz, int channels, byte[] pcm) throws IOException {
    AudioFormat format = new AudioFormat(rateHz, Short.SIZE, channels, true, false);
    AudioSystem.write(
        new AudioInputStream(
            new ByteArrayInputStream(pcm), format, pcm.length / format.getFrameSize()),
        AudioFileFormat.Type.WAVE,
        file.toFile());
  }

  /** Waits until a server lists a device in a state; returns the seconds that this took. */
  static double awaitState(LavalierClient client, String deviceId, DeviceState state)
      throws LavalierException, InterruptedException, TimeoutException {
    return awaitDevices(
        client,
        devices ->
            devices.stream().anyMatch(d -> d.deviceId().equals(deviceId) && d.state() == state));
  }

  /** Waits until a server lists a device; returns the seconds that this took. */
  static double awaitListed(ServerProcess server, String deviceId)
      throws LavalierException, InterruptedException, TimeoutException {
    try (LavalierClient client = server.client()) {
      return awaitDevices(
          client, devices -> devices.stream().anyMatch(d -> d.deviceId().equals(deviceId)));
    }
  }

  private static double awaitDevices(LavalierClient client, Predicate<List<Device>> condition)
      throws LavalierException, InterruptedException, TimeoutException {
    long startedAt = System.nanoTime();
    List<Device> devices = client.listDevices();
    while (!condition.test(devices)) {
      if (System.nanoTime() - startedAt > TimeUnit.SECONDS.toNanos(20)) {
        throw new TimeoutException("still " + devices);
      }
      TimeUnit.NANOSECONDS.sleep(POLL_NANOS);
      devices = client.listDevices();
    }
    return (System.nanoTime() - startedAt) / 1e9;
  }
}
