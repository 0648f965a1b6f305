package dev.lavalier.client.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** PulseAudio, with a null sink whose monitor is the default capture device. */
final class PulseAudio extends SoundServer {

  private static final List<String> SINK =
      List.of("load-module", "module-null-sink", "sink_name=mic", "rate=48000", "channels=2");
  private static final List<String> SINE =
      List.of("load-module", "module-sine", "sink=mic", "frequency=" + FREQUENCY_HZ);

  private PulseAudio() throws IOException {
    super("pulse", "native", "pcm.!default { type pulse }\nctl.!default { type pulse }");
    Files.writeString(
        dir.resolve("daemon.pa"),
        """
        load-module module-native-protocol-unix socket=%s auth-anonymous=1
        %s
        set-default-source mic.monitor
        %s
        """
            .formatted(dir.resolve("native"), String.join(" ", SINK), String.join(" ", SINE)));
  }

  /** Skips the test if PulseAudio is not installed. */
  static void assumeInstalled() {
    assumeTrue(
        ProcessRunner.succeeds("pulseaudio", "--version")
            && ProcessRunner.succeeds("pactl", "--version"),
        "PulseAudio is not installed (Debian: pulseaudio pulseaudio-utils libasound2-plugins)");
  }

  /** Creates and starts a daemon, and waits until it plays. */
  static PulseAudio start() throws IOException, InterruptedException {
    PulseAudio pulse = new PulseAudio();
    pulse.run();
    return pulse;
  }

  @Override
  void run() throws IOException, InterruptedException {
    spawn(
        List.of(
            "pulseaudio",
            "-n",
            "--exit-idle-time=-1",
            "--daemonize=no",
            "--use-pid-file=no",
            "-F",
            dir.resolve("daemon.pa").toString()),
        Map.of("XDG_RUNTIME_DIR", dir.toString(), "PULSE_RUNTIME_PATH", dir.toString()));
    awaitOutput(List.of("pactl", "list", "short", "sink-inputs"), "module-sine");
  }

  @Override
  void unplug() throws IOException, InterruptedException {
    pactl(List.of("unload-module", "module-null-sink"));
  }

  @Override
  void plug() throws IOException, InterruptedException {
    pactl(SINK);
    pactl(List.of("set-default-source", "mic.monitor"));
    pactl(SINE);
  }

  /** Adds another sink, which no test stream uses. */
  void addSink(String name) throws IOException, InterruptedException {
    pactl(List.of("load-module", "module-null-sink", "sink_name=" + name));
  }

  private void pactl(List<String> args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("pactl"));
    command.addAll(args);
    tool(command);
  }

  @Override
  Map<String, String> toolEnvironment() {
    return Map.of("PULSE_SERVER", "unix:" + dir.resolve("native"));
  }
}
