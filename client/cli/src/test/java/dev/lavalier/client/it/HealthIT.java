package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lavalier.testing.SlowTest;
import dev.lavalier.testing.SoundServerTest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Tests a real server with a client of grpc.health, as used by orchestrators and load balancers.
 */
@WaitingTest
final class HealthIT {

  private static final long TIMEOUT_SECONDS = 30;
  private static final String SERVICE_PREFIX = "lavalier.v1.AudioCapture/";

  private static ManagedChannel connect(ServerProcess server) {
    return NettyChannelBuilder.forTarget(server.address()).usePlaintext().build();
  }

  private static HealthGrpc.HealthBlockingStub stub(ManagedChannel channel) {
    return HealthGrpc.newBlockingStub(channel).withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  private static HealthCheckRequest request(String service) {
    return HealthCheckRequest.newBuilder().setService(service).build();
  }

  private static ServingStatus check(ManagedChannel channel, String service) {
    return stub(channel).check(request(service)).getStatus();
  }

  private static ServingStatus awaitChangeFrom(
      Iterator<HealthCheckResponse> responses, ServingStatus before) {
    ServingStatus status = responses.next().getStatus();
    while (status == before) {
      status = responses.next().getStatus();
    }
    return status;
  }

  @Test
  @SlowTest
  void serverServiceAndDeviceReportHealth() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      ManagedChannel channel = connect(server);
      try {
        assertThat(check(channel, "")).isEqualTo(ServingStatus.SERVING);
        assertThat(check(channel, "lavalier.v1.AudioCapture")).isEqualTo(ServingStatus.SERVING);
        assertThat(check(channel, SERVICE_PREFIX + "tone")).isEqualTo(ServingStatus.SERVING);
        assertThat(
                catchThrowableOfType(
                        StatusRuntimeException.class,
                        () -> check(channel, SERVICE_PREFIX + "other"))
                    .getStatus()
                    .getCode())
            .isEqualTo(Status.Code.NOT_FOUND);
      } finally {
        channel.shutdownNow();
      }
    }
  }

  @Test
  @SoundServerTest
  void deviceIsNotServingAfterSoundServerIsKilled() throws Exception {
    PulseAudio.assumeInstalled();
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server = ServerProcess.start(pulse.environment());
        StreamRecorder recorder = new StreamRecorder(server, DeviceFaultScenario.WAIT)) {
      ManagedChannel channel = connect(server);
      try {
        recorder.awaitFrames(50);
        Iterator<HealthCheckResponse> responses =
            stub(channel).watch(request(SERVICE_PREFIX + "default"));
        assertThat(responses.next().getStatus()).isEqualTo(ServingStatus.SERVING);
        pulse.kill();
        assertThat(awaitChangeFrom(responses, ServingStatus.SERVING))
            .isEqualTo(ServingStatus.NOT_SERVING);
        assertThat(check(channel, "")).isEqualTo(ServingStatus.SERVING);
        assertThat(check(channel, "lavalier.v1.AudioCapture")).isEqualTo(ServingStatus.SERVING);
        pulse.run();
        assertThat(awaitChangeFrom(responses, ServingStatus.NOT_SERVING))
            .isEqualTo(ServingStatus.SERVING);
      } finally {
        channel.shutdownNow();
      }
    }
  }

  @Test
  @SlowTest
  void deviceHealthIsWatchedUntilServerStops() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      ManagedChannel channel = connect(server);
      try {
        Iterator<HealthCheckResponse> responses =
            stub(channel).watch(request(SERVICE_PREFIX + "tone"));
        assertThat(responses.next().getStatus()).isEqualTo(ServingStatus.SERVING);
        assertThat(server.terminate()).isZero();
        assertThat(
                catchThrowableOfType(StatusRuntimeException.class, responses::next)
                    .getStatus()
                    .getCode())
            .isEqualTo(Status.Code.UNAVAILABLE);
      } finally {
        channel.shutdownNow();
      }
    }
  }
}
