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

/**
 * A sound server that fails under a running stream, and what must be seen then. Somebody else
 * listens to the tone meanwhile, and misses nothing.
 */
final class DeviceFault {

  /** With room for all that a sound server gives at once after it stood still. */
  static final StreamOptions WAIT =
      StreamOptions.defaults()
          .withDeviceId("default")
          .withOnDeviceLoss(OnDeviceLoss.WAIT)
          .withMaxLatency(Duration.ofSeconds(5));

  static final StreamOptions TONE = StreamOptions.defaults().withDeviceId("tone");

  /** The longest back-off, and 3 s. */
  private static final long RECOVERY_SECONDS = 8;

  private static final double LOST_CPU = 0.02;

  private DeviceFault() {}

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
  static void breakAndMend(SoundServer sound, Step breaking, Step mending) throws Exception {
    try (ServerProcess server = ServerProcess.start(sound.environment());
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
      server.awaitLog(".*: back after .*");
      assertThat(server.log().lines().filter(line -> line.contains(": lost: "))).hasSize(1);
      assertThat(server.log().lines().filter(line -> line.contains(": back after "))).hasSize(1);
    }
  }

  interface Step {
    void run() throws Exception;
  }
}
