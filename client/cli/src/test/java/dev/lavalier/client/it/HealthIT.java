package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

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

/** A client of grpc.health, as orchestrators and load balancers are, at a real server. */
final class HealthIT {

  private static final long BOUND_SECONDS = 30;
  private static final String DEVICE = "lavalier.v1.AudioCapture/";

  private static ManagedChannel connect(ServerProcess server) {
    return NettyChannelBuilder.forTarget(server.address()).usePlaintext().build();
  }

  private static HealthGrpc.HealthBlockingStub stub(ManagedChannel channel) {
    return HealthGrpc.newBlockingStub(channel).withDeadlineAfter(BOUND_SECONDS, TimeUnit.SECONDS);
  }

  private static HealthCheckRequest of(String service) {
    return HealthCheckRequest.newBuilder().setService(service).build();
  }

  private static ServingStatus check(ManagedChannel channel, String service) {
    return stub(channel).check(of(service)).getStatus();
  }

  private static ServingStatus awaitOther(
      Iterator<HealthCheckResponse> told, ServingStatus before) {
    ServingStatus status = told.next().getStatus();
    while (status == before) {
      status = told.next().getStatus();
    }
    return status;
  }

  @Test
  void ofTheServerTheServiceAndADevice() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      ManagedChannel channel = connect(server);
      try {
        assertThat(check(channel, "")).isEqualTo(ServingStatus.SERVING);
        assertThat(check(channel, "lavalier.v1.AudioCapture")).isEqualTo(ServingStatus.SERVING);
        assertThat(check(channel, DEVICE + "tone")).isEqualTo(ServingStatus.SERVING);
        assertThat(
                catchThrowableOfType(
                        StatusRuntimeException.class, () -> check(channel, DEVICE + "other"))
                    .getStatus()
                    .getCode())
            .isEqualTo(Status.Code.NOT_FOUND);
      } finally {
        channel.shutdownNow();
      }
    }
  }

  @Test
  void ofAMicrophoneWhoseSoundServerIsKilled() throws Exception {
    PulseAudio.assumeInstalled();
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server = ServerProcess.start(pulse.environment());
        Listening listening = new Listening(server, DeviceFault.WAIT)) {
      ManagedChannel channel = connect(server);
      try {
        listening.awaitFrames(50);
        Iterator<HealthCheckResponse> told = stub(channel).watch(of(DEVICE + "default"));
        assertThat(told.next().getStatus()).isEqualTo(ServingStatus.SERVING);
        pulse.kill();
        assertThat(awaitOther(told, ServingStatus.SERVING)).isEqualTo(ServingStatus.NOT_SERVING);
        assertThat(check(channel, "")).isEqualTo(ServingStatus.SERVING);
        assertThat(check(channel, "lavalier.v1.AudioCapture")).isEqualTo(ServingStatus.SERVING);
        pulse.run();
        assertThat(awaitOther(told, ServingStatus.NOT_SERVING)).isEqualTo(ServingStatus.SERVING);
      } finally {
        channel.shutdownNow();
      }
    }
  }

  @Test
  void ofADeviceUntilTheServerEnds() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      ManagedChannel channel = connect(server);
      try {
        Iterator<HealthCheckResponse> told = stub(channel).watch(of(DEVICE + "tone"));
        assertThat(told.next().getStatus()).isEqualTo(ServingStatus.SERVING);
        assertThat(server.terminate()).isZero();
        assertThat(
                catchThrowableOfType(StatusRuntimeException.class, told::next)
                    .getStatus()
                    .getCode())
            .isEqualTo(Status.Code.UNAVAILABLE);
      } finally {
        channel.shutdownNow();
      }
    }
  }
}
