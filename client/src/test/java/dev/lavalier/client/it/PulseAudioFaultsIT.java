package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.DeviceState;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.Notice;
import dev.lavalier.client.OnDeviceLoss;
import dev.lavalier.client.StreamOptions;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A real sound server that fails under a running stream, in every way that we can bring about.
 * Somebody else listens to the tone meanwhile, and misses nothing.
 */
final class PulseAudioFaultsIT {

  /** The longest back-off, and 3 s. */
  private static final long RECOVERY_SECONDS = 8;

  private static final double LOST_CPU = 0.02;

  private static final StreamOptions WAIT =
      StreamOptions.defaults().withDeviceId("default").withOnDeviceLoss(OnDeviceLoss.WAIT);
  private static final StreamOptions TONE = StreamOptions.defaults().withDeviceId("tone");

  @BeforeEach
  void needsPulseAudio() {
    PulseAudio.assumeInstalled();
  }

  private static void assertServing(ServerProcess server) {
    ManagedChannel channel =
        ManagedChannelBuilder.forTarget(server.address()).usePlaintext().build();
    try {
      assertThat(
              HealthGrpc.newBlockingStub(channel)
                  .withDeadlineAfter(10, TimeUnit.SECONDS)
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
    } finally {
      channel.shutdownNow();
    }
  }

  /** Breaks the device, sees it lost, mends it, and sees it return within the promised time. */
  private static void breakAndMend(PulseAudio pulse, Step breaking, Step mending) throws Exception {
    try (ServerProcess server = ServerProcess.start(pulse.environment());
        LavalierClient client = server.client();
        Listening listening = new Listening(server, WAIT)) {
      listening.awaitFrames(50);
      try (Listening onlooker = new Listening(server, TONE)) {
        onlooker.awaitFrames(50);
        breaking.run();
        listening.awaitNotice(Notice.Kind.DEVICE_LOST);
        assertServing(server);
        assertThat(ServerProcess.device(client, "default").state())
            .isIn(DeviceState.LOST, DeviceState.NOT_RESPONDING);
        onlooker.awaitFrames(100);
        assertThat(onlooker.gaps()).isEmpty();
      }
      assertThat(server.awaitCpuBelow(LOST_CPU)).isLessThan(LOST_CPU);

      try (Listening onlooker = new Listening(server, TONE)) {
        mending.run();
        long mended = System.nanoTime();
        long back = listening.awaitEpochs(2, 2 * RECOVERY_SECONDS);
        assertThat(Duration.ofNanos(back - mended))
            .isLessThan(Duration.ofSeconds(RECOVERY_SECONDS));
        assertThat(onlooker.gaps()).isEmpty();
      }
      assertThat(listening.gaps())
          .singleElement()
          .satisfies(
              gap -> {
                assertThat(gap.cause()).isEqualTo(Gap.Cause.DEVICE_LOST);
                assertThat(gap.estimated()).isTrue();
              });
      assertThat(listening.epochs()).isEqualTo(2);
      assertServing(server);
      assertThat(server.log().lines().filter(line -> line.contains(": lost: "))).hasSize(1);
      assertThat(server.log().lines().filter(line -> line.contains(": back after "))).hasSize(1);
    }
  }

  private interface Step {
    void run() throws Exception;
  }

  @Test
  void theSinkIsUnloaded() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      breakAndMend(pulse, pulse::unplug, pulse::plug);
    }
  }

  @Test
  void theDaemonIsKilled() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      breakAndMend(pulse, pulse::kill, pulse::restart);
    }
  }

  @Test
  void theDaemonStandsStillForLong() throws Exception {
    try (PulseAudio pulse = PulseAudio.start()) {
      breakAndMend(pulse, () -> pulse.signal("STOP"), () -> pulse.signal("CONT"));
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
        pulse.restart();
        assertThat(watch.read()).extracting(d -> d.deviceId()).contains("default");
        try (Listening listening = new Listening(server, WAIT)) {
          listening.awaitFrames(50);
          assertThat(listening.gaps()).isEmpty();
        }
      }
    }
  }
}
