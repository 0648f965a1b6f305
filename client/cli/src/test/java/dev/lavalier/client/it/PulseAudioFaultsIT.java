package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A real sound server that fails under a running stream, in every way that we can bring about. */
final class PulseAudioFaultsIT {

  private static final StreamOptions WAIT = DeviceFault.WAIT;
  private static final StreamOptions TONE = DeviceFault.TONE;

  @BeforeEach
  void needsPulseAudio() {
    PulseAudio.assumeInstalled();
  }

  @Test
  void theSinkIsUnloaded() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      DeviceFault.breakAndMend(pulse, pulse::unplug, pulse::plug);
    }
  }

  @Test
  void theDaemonIsKilled() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      DeviceFault.breakAndMend(pulse, pulse::kill, pulse::run);
    }
  }

  @Test
  void theDaemonStandsStillForLong() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      DeviceFault.breakAndMend(pulse, () -> pulse.signal("STOP"), () -> pulse.signal("CONT"));
    }
  }

  @Test
  void theDaemonStandsStillForAMoment() throws Exception {
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server = ServerProcess.start(pulse.environment());
        Listening listening = new Listening(server, WAIT);
        Listening onlooker = new Listening(server, TONE)) {
      listening.awaitFrames(100);
      long position = listening.position();
      long began = System.nanoTime();
      pulse.signal("STOP");
      onlooker.awaitFrames(75);
      pulse.signal("CONT");
      listening.awaitFrames(150);

      assertThat(listening.epochs()).isEqualTo(1);
      assertThat(onlooker.gaps()).isEmpty();
      // Whether PulseAudio kept what it could not deliver or not: the index is true time.
      double told = (listening.position() - position) / 48_000.0;
      double passed = (System.nanoTime() - began) / 1e9;
      assertThat(told).isBetween(passed - 0.3, passed + 0.3);
      assertThat(listening.gaps())
          .allSatisfy(gap -> assertThat(gap.cause()).isNotEqualTo(Gap.Cause.UNKNOWN));
    }
  }

  @Test
  void anotherSinkAppears() throws Exception {
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server = ServerProcess.start(pulse.environment());
        LavalierClient client = server.client();
        Listening listening = new Listening(server, WAIT)) {
      listening.awaitFrames(50);
      pulse.addSink("other");
      listening.awaitFrames(300);
      assertThat(listening.epochs()).isEqualTo(1);
      assertThat(listening.gaps()).isEmpty();
      assertThat(ServerProcess.device(client, "default").isDefault()).isTrue();
    }
  }

  @Test
  void theServerWasThereBeforeTheSoundServer() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      pulse.kill();
      try (ServerProcess server = ServerProcess.start(pulse.environment());
          LavalierClient client = server.client();
          var watch = client.watchDevices()) {
        assertThat(watch.read()).extracting(d -> d.deviceId()).containsExactly("tone");
        pulse.run();
        assertThat(watch.read()).extracting(d -> d.deviceId()).contains("default");
        try (Listening listening = new Listening(server, WAIT)) {
          listening.awaitFrames(50);
          assertThat(listening.gaps()).isEmpty();
        }
      }
    }
  }
}
