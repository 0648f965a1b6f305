package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.Device;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.testing.RealTimeTest;
import dev.lavalier.testing.SoundServerTest;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests a real capture line with a known signal: PulseAudio through ALSA and Java Sound. */
@SoundServerTest
final class PulseAudioIT {

  /** The level of module-sine: half of full scale. */
  private static final double SINE_DBFS = 20 * Math.log10(0.5);

  @TempDir Path dir;

  @Test
  @RealTimeTest
  void recordHasExactSamplesOfDefaultDevice() throws Exception {
    PulseAudio.assumeInstalled();
    Path wav = dir.resolve("pulse.wav");
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server = ServerProcess.start(pulse.environment());
        LavalierClient client = server.client()) {
      List<Device> devices = client.listDevices();
      assertThat(devices).extracting(Device::deviceId).containsExactly("default", "tone");
      assertThat(devices)
          .filteredOn(Device::isDefault)
          .extracting(Device::deviceId)
          .containsExactly("default");

      ProcessRunner.Result result =
          ProcessRunner.run(
              ProcessRunner.lavalier(
                  "record", "--server", server.address(), "--seconds", "5", wav.toString()));
      assertThat(result).isEqualTo(new ProcessRunner.Result(0, "", ""));
    }
    Recording recording = new Recording(wav);
    assertThat(recording.samples()).isEqualTo(5 * 48_000);
    recording.assertSine(SoundServer.FREQUENCY_HZ, SINE_DBFS);
    assumeTrue(ProcessRunner.succeeds("sox", "--version"), "sox is not installed (Debian: sox)");
    recording.assertSoxMeasures(SoundServer.FREQUENCY_HZ);
  }
}
