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
 * The failure of a sound server during a running stream, and the expected behavior. Another client
 * receives the tone meanwhile and misses no sample.
 */
final class DeviceFaultScenario {

  /** Large enough for the burst of a sound server that resumes after it was stopped. */
  static final StreamOptions WAIT =
      StreamOptions.builder()
          .deviceId("default")
          .onDeviceLoss(OnDeviceLoss.WAIT)
          .maxLatency(Duration.ofSeconds(5))
          .build();

  /** A busy machine is no reason for a gap. */
  static final StreamOptions TONE =
      StreamOptions.builder().deviceId("tone").maxLatency(Duration.ofSeconds(10)).build();

  /** The maximum backoff, and 3 s. */
  private static final long RECOVERY_SECONDS = 8;

  /**
   * A reader of a device that was opened again, but has no audio yet, looks for some 200 times per
   * second. The JVM's own threads block about 30 times, and the server's others 20 times.
   */
  private static final double MAX_WAITS_WHILE_LOST = 400;

  /** A thread that never blocks uses a processor alone. */
  private static final double MAX_CPU_WHILE_LOST = 0.5;

  private DeviceFaultScenario() {}

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

  /**
   * Causes a failure, waits for the loss, repairs the device, and asserts that it is available
   * again within the promised time.
   */
  static void failAndRecover(SoundServer sound, Action failure, Action repair) throws Exception {
    try (ServerProcess server = ServerProcess.start(sound.environment());
        LavalierClient client = server.client();
        StreamRecorder recorder = new StreamRecorder(server, WAIT)) {
      recorder.awaitFrames(50);
      try (StreamRecorder otherRecorder = new StreamRecorder(server, TONE)) {
        otherRecorder.awaitFrames(50);
        failure.run();
        recorder.awaitNotice(Notice.Kind.DEVICE_LOST);
        assertServing(server);
        assertThat(ServerProcess.device(client, "default").state())
            .isIn(DeviceState.LOST, DeviceState.NOT_RESPONDING);
        otherRecorder.awaitFrames(100);
        assertThat(otherRecorder.gaps()).isEmpty();
      }
      assertThat(server.awaitWaitsBelow(MAX_WAITS_WHILE_LOST)).isLessThan(MAX_WAITS_WHILE_LOST);
      assertThat(server.awaitCpuBelow(MAX_CPU_WHILE_LOST)).isLessThan(MAX_CPU_WHILE_LOST);

      try (StreamRecorder otherRecorder = new StreamRecorder(server, TONE)) {
        repair.run();
        long repairedAt = System.nanoTime();
        long recoveredAt = recorder.awaitEpochs(2, 2 * RECOVERY_SECONDS);
        assertThat(Duration.ofNanos(recoveredAt - repairedAt))
            .isLessThan(Duration.ofSeconds(RECOVERY_SECONDS));
        assertThat(otherRecorder.gaps()).isEmpty();
      }
      assertThat(recorder.gaps())
          .singleElement()
          .satisfies(
              gap -> {
                assertThat(gap.cause()).isEqualTo(Gap.Cause.DEVICE_LOST);
                assertThat(gap.estimated()).isTrue();
              });
      assertThat(recorder.epochs()).isEqualTo(2);
      assertServing(server);
      server.awaitLog(".*: back after .*");
      assertThat(server.log().lines().filter(line -> line.contains(": lost: "))).hasSize(1);
      assertThat(server.log().lines().filter(line -> line.contains(": back after "))).hasSize(1);
    }
  }

  interface Action {
    void run() throws Exception;
  }
}
