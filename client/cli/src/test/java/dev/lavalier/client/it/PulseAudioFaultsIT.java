package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SoundServerTest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests the failures of a real sound server during a running stream. */
@SoundServerTest
final class PulseAudioFaultsIT {

  private static final StreamOptions WAIT = DeviceFaultScenario.WAIT;
  private static final StreamOptions TONE = DeviceFaultScenario.TONE;

  @BeforeEach
  void needsPulseAudio() {
    PulseAudio.assumeInstalled();
  }

  @Test
  void streamRecoversAfterSinkIsUnloaded() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      DeviceFaultScenario.failAndRecover(pulse, pulse::unplug, pulse::plug);
    }
  }

  @Test
  void streamRecoversAfterDaemonIsKilled() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      DeviceFaultScenario.failAndRecover(pulse, pulse::kill, pulse::run);
    }
  }

  @Test
  void streamRecoversAfterDaemonIsStoppedForLong() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      DeviceFaultScenario.failAndRecover(
          pulse, () -> pulse.signal("STOP"), () -> pulse.signal("CONT"));
    }
  }

  @Test
  void streamContinuesAfterDaemonIsStoppedBriefly() throws Exception {
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server = ServerProcess.start(pulse.environment());
        StreamRecorder recorder = new StreamRecorder(server, WAIT);
        StreamRecorder otherRecorder = new StreamRecorder(server, TONE)) {
      recorder.awaitFrames(100);
      long position = recorder.position();
      long startedAt = System.nanoTime();
      pulse.signal("STOP");
      otherRecorder.awaitFrames(75);
      pulse.signal("CONT");
      recorder.awaitFrames(150);

      assertThat(recorder.epochs()).isEqualTo(1);
      assertThat(otherRecorder.gaps()).isEmpty();
      // Whether or not PulseAudio buffered the audio, the sample index matches the elapsed time.
      double receivedSeconds = (recorder.position() - position) / 48_000.0;
      double elapsedSeconds = (System.nanoTime() - startedAt) / 1e9;
      assertThat(receivedSeconds).isBetween(elapsedSeconds - 0.3, elapsedSeconds + 0.3);
      assertThat(recorder.gaps())
          .allSatisfy(gap -> assertThat(gap.cause()).isNotEqualTo(Gap.Cause.UNKNOWN));
    }
  }

  @Test
  void streamContinuesWhenAnotherSinkAppears() throws Exception {
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server = ServerProcess.start(pulse.environment());
        LavalierClient client = server.client();
        StreamRecorder recorder = new StreamRecorder(server, WAIT)) {
      recorder.awaitFrames(50);
      pulse.addSink("other");
      recorder.awaitFrames(300);
      assertThat(recorder.epochs()).isEqualTo(1);
      assertThat(recorder.gaps()).isEmpty();
      assertThat(ServerProcess.device(client, "default").isDefault()).isTrue();
    }
  }

  @Test
  void soundServerStartedAfterServerIsUsed() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      pulse.kill();
      try (ServerProcess server = ServerProcess.start(pulse.environment());
          LavalierClient client = server.client();
          var watch = client.watchDevices()) {
        assertThat(watch.read()).extracting(d -> d.deviceId()).containsExactly("tone");
        pulse.run();
        assertThat(watch.read()).extracting(d -> d.deviceId()).contains("default");
        try (StreamRecorder recorder = new StreamRecorder(server, WAIT)) {
          recorder.awaitFrames(50);
          assertThat(recorder.gaps()).isEmpty();
        }
      }
    }
  }
}
