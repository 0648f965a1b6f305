package dev.lavalier.client.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;

/**
 * PipeWire with WirePlumber, without a session bus. Only the policy is loaded that links a stream
 * with the default device: the monitor of a null sink, to which pw-play plays.
 */
final class PipeWire extends SoundServer {

  private static final String PLUGIN = "alsa-lib/libasound_module_pcm_pipewire.so";
  private static final int RATE = 48_000;

  /**
   * The samples that PipeWire processes at a time. If the player is late once, they are silent; so
   * there are more of them than a stream asks for, and the player has 43 ms on a busy machine.
   */
  static final int QUANTUM_SAMPLES = 2_048;

  private static final int TONE_SECONDS = 120; // longer than any test

  private static final String SINK =
      """
      {
        factory.name = support.null-audio-sink
        node.name = mic
        media.class = Audio/Sink
        object.linger = true
        audio.rate = 48000
        audio.position = [ FL FR ]
      }
      """;

  private static final String DAEMON =
      """
      context.properties = {
        core.daemon = true
        core.name = pipewire-0
        default.clock.quantum = %1$d
        default.clock.min-quantum = %1$d
      }
      context.spa-libs = {
        audio.convert.* = audioconvert/libspa-audioconvert
        support.* = support/libspa-support
      }
      context.modules = [
        { name = libpipewire-module-protocol-native }
        { name = libpipewire-module-metadata }
        { name = libpipewire-module-spa-node-factory }
        { name = libpipewire-module-client-node }
        { name = libpipewire-module-client-device }
        { name = libpipewire-module-access }
        { name = libpipewire-module-adapter }
        { name = libpipewire-module-link-factory }
        { name = libpipewire-module-session-manager }
      ]
      context.objects = [ { factory = adapter args = %2$s } ]
      """
          .formatted(QUANTUM_SAMPLES, SINK);

  private static final String SESSION_MANAGER =
      """
      context.properties = { wireplumber.script-engine = lua-scripting }
      context.spa-libs = {
        audio.convert.* = audioconvert/libspa-audioconvert
        support.* = support/libspa-support
      }
      context.modules = [
        { name = libpipewire-module-protocol-native }
        { name = libpipewire-module-client-node }
        { name = libpipewire-module-client-device }
        { name = libpipewire-module-adapter }
        { name = libpipewire-module-metadata }
        { name = libpipewire-module-session-manager }
      ]
      wireplumber.components = [
        { name = libwireplumber-module-lua-scripting, type = module }
        { name = libwireplumber-module-metadata, type = module }
        { name = libwireplumber-module-default-nodes, type = module }
        { name = policy.lua, type = config/lua }
      ]
      """;

  private Process player;

  private PipeWire(Path plugin) throws IOException {
    super(
        "pipewire",
        "pipewire-0",
        "pcm_type.pipewire { lib \"%s\" }\npcm.!default { type pipewire }".formatted(plugin));
    Files.writeString(dir.resolve("daemon.conf"), DAEMON);
    Files.writeString(dir.resolve("session.conf"), SESSION_MANAGER);
    writeTone(dir.resolve("tone.wav"));
  }

  /** Writes a sine of half of full scale. */
  private static void writeTone(Path file) throws IOException {
    ByteBuffer pcm =
        ByteBuffer.allocate(TONE_SECONDS * RATE * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < TONE_SECONDS * RATE; i++) {
      pcm.putShort((short) Math.round(16_384 * Math.sin(2 * Math.PI * FREQUENCY_HZ * i / RATE)));
    }
    AudioFormat mono = new AudioFormat(RATE, 16, 1, true, false);
    try (var in =
        new AudioInputStream(
            new ByteArrayInputStream(pcm.array()), mono, (long) TONE_SECONDS * RATE)) {
      AudioSystem.write(in, AudioFileFormat.Type.WAVE, file.toFile());
    }
  }

  /**
   * Returns the path of the plugin: the folder of ALSA, or the one that .ci/run uses because the
   * plugin's package conflicts with PulseAudio's; empty if it is not installed.
   */
  private static Optional<Path> plugin() throws IOException {
    Path lib = Path.of("/usr/lib");
    try (var architectures = Files.newDirectoryStream(lib, "*-linux-*")) {
      for (Path architecture : architectures) {
        if (Files.exists(architecture.resolve(PLUGIN))) {
          return Optional.of(architecture.resolve(PLUGIN));
        }
      }
    }
    return List.of(lib, Path.of("/usr/lib64"), Path.of("/usr/local/lib")).stream()
        .map(folder -> folder.resolve(PLUGIN))
        .filter(Files::exists)
        .findFirst();
  }

  /** Skips the test if PipeWire is not installed. */
  static void assumeInstalled() throws IOException, InterruptedException {
    assumeTrue(
        ProcessRunner.succeeds("pipewire", "--version")
            && ProcessRunner.succeeds("wireplumber", "--version"),
        "PipeWire is not installed (Debian: pipewire wireplumber)");
    assumeTrue(
        ProcessRunner.run(List.of("wireplumber", "--version"))
            .out()
            .contains("libwireplumber 0.4."),
        "this WirePlumber is not configured like version 0.4");
    assumeTrue(
        plugin().isPresent(),
        "ALSA's plugin for PipeWire is not installed (Debian: pipewire-alsa; it conflicts with"
            + " pulseaudio, see .ci/run)");
  }

  /** Creates and starts PipeWire, and waits until it plays. */
  static PipeWire start() throws IOException, InterruptedException {
    PipeWire pipewire = new PipeWire(plugin().orElseThrow());
    pipewire.run();
    return pipewire;
  }

  @Override
  void run() throws IOException, InterruptedException {
    spawn(List.of("pipewire", "-c", dir.resolve("daemon.conf").toString()), toolEnvironment());
    awaitOutput(List.of("pw-cli", "ls", "Node"), "\"mic\"");
    spawn(List.of("wireplumber", "-c", dir.resolve("session.conf").toString()), toolEnvironment());
    play();
  }

  private void play() throws IOException, InterruptedException {
    // Before that, the session manager rejects a player.
    awaitOutput(List.of("pw-link", "-i"), "mic:playback_FR");
    awaitOutput(List.of("pw-metadata", "0", "default.audio.sink"), "mic");
    player = spawn(List.of("pw-play", dir.resolve("tone.wav").toString()), toolEnvironment());
    awaitOutput(List.of("pw-link", "-l"), "pw-play:output_FR");
  }

  @Override
  void unplug() throws IOException, InterruptedException {
    tool(List.of("pw-cli", "destroy", "mic"));
    player.destroyForcibly().waitFor();
  }

  @Override
  void plug() throws IOException, InterruptedException {
    tool(List.of("pw-cli", "create-node", "adapter", SINK.replace('\n', ' ')));
    play();
  }

  @Override
  Map<String, String> toolEnvironment() {
    return Map.of(
        "XDG_RUNTIME_DIR",
        dir.toString(),
        "PIPEWIRE_RUNTIME_DIR",
        dir.toString(),
        "XDG_CONFIG_HOME",
        dir.toString());
  }
}
