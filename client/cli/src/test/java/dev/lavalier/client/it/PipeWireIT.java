package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Device;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.testing.RealTimeTest;
import dev.lavalier.testing.SoundServerTest;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests a capture line of PipeWire, through its ALSA plugin and Java Sound: its samples, and its
 * failures. If it has no source or the daemon is stopped, the line opens but delivers no samples.
 */
@SoundServerTest
final class PipeWireIT {

  /** Half of full scale. */
  private static final double SINE_DBFS = 20 * Math.log10(0.5);

  /** PipeWire delivers silence until both channels of the stream are linked. */
  private static final int MAX_LINKING_SAMPLES = 2 * 48_000;

  @TempDir Path dir;

  @BeforeEach
  void needsPipeWire() throws Exception {
    PipeWire.assumeInstalled();
  }

  /** PipeWire records in real time, so on a busy machine it rightly drops out. */
  @Test
  @RealTimeTest
  void recordHasExactSamplesOfDefaultDevice() throws Exception {
    Path wav = dir.resolve("pipewire.wav");
    try (PipeWire pipewire = PipeWire.start();
        ServerProcess server = ServerProcess.start(pipewire.environment());
        LavalierClient client = server.client()) {
      assertThat(client.listDevices())
          .extracting(Device::deviceId)
          .containsExactly("default", "tone");
      assertThat(ServerProcess.device(client, "default").isDefault()).isTrue();

      ProcessRunner.Result result =
          ProcessRunner.run(
              ProcessRunner.lavalier(
                  "record", "--server", server.address(), "--seconds", "7", wav.toString()));
      assertThat(result).isEqualTo(new ProcessRunner.Result(0, "", ""));
    }
    Recording recording = new Recording(wav);
    assertThat(recording.samples()).isEqualTo(7 * 48_000);
    // The first quantum with sound may be incomplete.
    int skipped = recording.silentSamplesAtStart() + PipeWire.QUANTUM_SAMPLES;
    assertThat(skipped).as("samples until the sine").isLessThanOrEqualTo(MAX_LINKING_SAMPLES);
    recording.assertSine(SoundServer.FREQUENCY_HZ, SINE_DBFS, skipped);
  }

  @Test
  void streamRecoversAfterOnlySourceIsDestroyed() throws Exception {
    try (PipeWire pipewire = PipeWire.start()) {
      DeviceFaultScenario.failAndRecover(pipewire, pipewire::unplug, pipewire::plug);
    }
  }

  @Test
  void streamRecoversAfterDaemonIsKilled() throws Exception {
    try (PipeWire pipewire = PipeWire.start()) {
      DeviceFaultScenario.failAndRecover(pipewire, pipewire::kill, pipewire::run);
    }
  }

  @Test
  void streamRecoversAfterDaemonIsStopped() throws Exception {
    try (PipeWire pipewire = PipeWire.start()) {
      DeviceFaultScenario.failAndRecover(
          pipewire, () -> pipewire.signal("STOP"), () -> pipewire.signal("CONT"));
    }
  }
}
