package dev.lavalier.client.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

  private static final List<String> SINK =
      List.of("load-module", "module-null-sink", "sink_name=mic", "rate=48000", "channels=2");
  private static final List<String> SINE =
      List.of("load-module", "module-sine", "sink=mic", "frequency=" + FREQUENCY_HZ);

  private final Path dir;
  private Process daemon;

  private PulseAudio(Path dir) {
    this.dir = dir;
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
        %s
        set-default-source mic.monitor
        %s
        """
            .formatted(dir.resolve("native"), String.join(" ", SINK), String.join(" ", SINE)));
    Files.writeString(
        dir.resolve("asound.conf"),
        """
        </usr/share/alsa/alsa.conf>
        pcm.!default { type pulse }
        ctl.!default { type pulse }
        """);
    PulseAudio pulse = new PulseAudio(dir);
    pulse.run();
    return pulse;
  }

  private void run() throws IOException, InterruptedException {
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
    daemon = builder.start();
    awaitSine();
  }

  /** Kills the daemon without a warning. */
  void kill() throws IOException, InterruptedException {
    daemon.destroyForcibly().waitFor();
    Files.deleteIfExists(dir.resolve("native"));
  }

  /** Starts it again. */
  void restart() throws IOException, InterruptedException {
    run();
  }

  /** Takes the captured sink away, as an unplugged microphone. */
  void unplug() throws IOException, InterruptedException {
    pactl(List.of("unload-module", "module-null-sink"));
  }

  /** Brings it back. */
  void plug() throws IOException, InterruptedException {
    pactl(SINK);
    pactl(List.of("set-default-source", "mic.monitor"));
    pactl(SINE);
  }

  /** Adds another sink, which nobody asked for. */
  void addSink(String name) throws IOException, InterruptedException {
    pactl(List.of("load-module", "module-null-sink", "sink_name=" + name));
  }

  /** Sends the daemon a signal: STOP or CONT. */
  void signal(String name) throws IOException, InterruptedException {
    Programs.run(List.of("kill", "-" + name, Long.toString(daemon.pid())));
  }

  private void pactl(List<String> args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("pactl"));
    command.addAll(args);
    Programs.Result result = Programs.run(command, environment());
    if (result.code() != 0) {
      throw new IOException(command + ": " + result);
    }
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
    try {
      signal("CONT");
      daemon.destroy();
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
