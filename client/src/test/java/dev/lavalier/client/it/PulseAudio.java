package dev.lavalier.client.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A PulseAudio daemon of the test's own, with a null sink whose monitor is the default capture
 * device: a real capture line on a machine without sound hardware. A sine plays into it.
 */
final class PulseAudio implements AutoCloseable {

  /** The sine that plays, in Hz. */
  static final int FREQUENCY_HZ = 1_000;

  private static final long BOUND_SECONDS = 20;

  private final Path dir;
  private final Process daemon;

  private PulseAudio(Path dir, Process daemon) {
    this.dir = dir;
    this.daemon = daemon;
  }

  /** Skips the test where PulseAudio is not installed. */
  static void assumeInstalled() {
    assumeTrue(
        Programs.works("pulseaudio", "--version") && Programs.works("pactl", "--version"),
        "PulseAudio is not installed (Debian: pulseaudio pulseaudio-utils libasound2-plugins)");
  }

  /** Starts a daemon and waits until it plays. */
  static PulseAudio start() throws IOException, InterruptedException {
    Path dir = Files.createTempDirectory("lavalier-pulse");
    Files.writeString(
        dir.resolve("daemon.pa"),
        """
        load-module module-native-protocol-unix socket=%s auth-anonymous=1
        load-module module-null-sink sink_name=mic rate=48000 channels=2
        set-default-source mic.monitor
        load-module module-sine sink=mic frequency=%d
        """
            .formatted(dir.resolve("native"), FREQUENCY_HZ));
    Files.writeString(
        dir.resolve("asound.conf"),
        """
        </usr/share/alsa/alsa.conf>
        pcm.!default { type pulse }
        ctl.!default { type pulse }
        """);
    ProcessBuilder builder =
        new ProcessBuilder(
                "pulseaudio",
                "-n",
                "--exit-idle-time=-1",
                "--daemonize=no",
                "--use-pid-file=no",
                "-F",
                dir.resolve("daemon.pa").toString())
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("daemon.log").toFile());
    builder.environment().put("HOME", dir.toString());
    builder.environment().put("XDG_RUNTIME_DIR", dir.toString());
    builder.environment().put("PULSE_RUNTIME_PATH", dir.toString());
    PulseAudio pulse = new PulseAudio(dir, builder.start());
    pulse.awaitSine();
    return pulse;
  }

  private void awaitSine() throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(BOUND_SECONDS);
    List<String> question = List.of("pactl", "list", "short", "sink-inputs");
    while (!Programs.run(question, environment()).out().contains("module-sine")) {
      if (!daemon.isAlive() || System.nanoTime() > end) {
        throw new IOException("no sine:\n" + Files.readString(dir.resolve("daemon.log")));
      }
    }
  }

  /** Returns the environment in which Java Sound finds this daemon and no other. */
  Map<String, String> environment() {
    return Map.of(
        "PULSE_SERVER",
        "unix:" + dir.resolve("native"),
        "ALSA_CONFIG_PATH",
        dir.resolve("asound.conf").toString(),
        "HOME",
        dir.toString());
  }

  @Override
  public void close() throws IOException {
    daemon.destroy();
    try {
      if (!daemon.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)) {
        daemon.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try (var files = Files.walk(dir)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    }
  }
}
