package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.Notice;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.SlowTest;
import dev.lavalier.testing.SoundServerTest;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.WatchDevicesRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Tests that the server stops in order and in time after SIGTERM, whatever clients and devices do.
 */
@SlowTest
@WaitingTest
final class StopIT {

  private static final long MAX_STOP_MILLIS = 5_000;

  /** Frames wait while the test reads something else. That is no reason to drop them. */
  private static final StreamOptions LENIENT_LATENCY =
      StreamOptions.builder().maxLatency(Duration.ofSeconds(10)).build();

  @Test
  void sigtermNotifiesClientsAndExitsWithZero() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of());
        LavalierClient client = server.client()) {
      List<Notice> notices = new ArrayList<>();
      FrameStream stream =
          client.stream(
              LENIENT_LATENCY.toBuilder().deviceId("tone").reconnect(Duration.ZERO).build());
      stream.onNotice(notices::add);
      long firstIndex = stream.read().sampleIndex();
      ManagedChannel channel =
          NettyChannelBuilder.forTarget(server.address()).usePlaintext().build();
      try {
        Iterator<HealthCheckResponse> health =
            HealthGrpc.newBlockingStub(channel).watch(HealthCheckRequest.getDefaultInstance());
        assertThat(health.next().getStatus()).isEqualTo(ServingStatus.SERVING);
        var watch =
            AudioCaptureGrpc.newBlockingStub(channel)
                .watchDevices(WatchDevicesRequest.getDefaultInstance());
        assertThat(watch.next().hasSnapshot()).isTrue();

        long stopRequestedAt = System.nanoTime();
        server.requestStop();
        assertThat(health.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
        assertUnavailable(() -> drain(watch));
        LavalierException end = readUntilEnd(stream, firstIndex);
        assertThat(end.kind()).isEqualTo(LavalierException.Kind.UNAVAILABLE);
        assertThat(notices).extracting(Notice::kind).contains(Notice.Kind.SERVER_STOPPING);
        assertThat(server.awaitExit()).isZero();
        assertThat(millisSince(stopRequestedAt)).isLessThan(MAX_STOP_MILLIS);
      } finally {
        channel.shutdownNow();
      }
    }
  }

  /** Frames come one after another until it ends. */
  private static LavalierException readUntilEnd(FrameStream stream, long firstIndex) {
    long next = firstIndex;
    try {
      Frame frame;
      while ((frame = stream.read()) != null) {
        next += 960;
        assertThat(frame.sampleIndex()).isEqualTo(next);
      }
      throw new AssertionError("the stream ended without a reason");
    } catch (LavalierException e) {
      return e;
    }
  }

  private static void drain(Iterator<?> messages) {
    while (messages.hasNext()) {
      messages.next();
    }
  }

  private static void assertUnavailable(Runnable call) {
    try {
      call.run();
      throw new AssertionError("no error");
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }

  @Test
  void clientsThatReadNothingDoNotDelayStop() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of())) {
      ManagedChannel channel =
          NettyChannelBuilder.forTarget(server.address()).usePlaintext().build();
      try {
        // One client takes no message; the other grants no credit and never half-closes.
        var stalled =
            channel.newCall(AudioCaptureGrpc.getStreamFramesMethod(), CallOptions.DEFAULT);
        stalled.start(new ClientCall.Listener<>() {}, new Metadata());
        stalled.sendMessage(StreamFramesRequest.newBuilder().setDeviceId("tone").build());
        stalled.halfClose();
        PullFramesRequest pull =
            PullFramesRequest.newBuilder()
                .setSubscribe(StreamFramesRequest.newBuilder().setDeviceId("tone"))
                .build();
        var pulling =
            ClientCalls.asyncBidiStreamingCall(
                channel.newCall(AudioCaptureGrpc.getPullFramesMethod(), CallOptions.DEFAULT),
                noopObserver());
        pulling.onNext(pull);
        try (LavalierClient client = server.client()) {
          while (ServerProcess.device(client, "tone").subscriberCount() < 2) {
            Thread.onSpinWait();
          }
        }
        long stopRequestedAt = System.nanoTime();
        server.requestStop();
        assertThat(server.awaitExit()).isZero();
        assertThat(millisSince(stopRequestedAt)).isLessThan(MAX_STOP_MILLIS);
      } finally {
        channel.shutdownNow();
      }
    }
  }

  private static StreamObserver<StreamFramesResponse> noopObserver() {
    return new StreamObserver<>() {
      @Override
      public void onNext(StreamFramesResponse message) {}

      @Override
      public void onError(Throwable error) {}

      @Override
      public void onCompleted() {}
    };
  }

  @Test
  @SoundServerTest
  void hangingSoundServerDoesNotDelayStop() throws Exception {
    PulseAudio.assumeInstalled();
    try (PulseAudio pulse = PulseAudio.start();
        ServerProcess server = ServerProcess.start(pulse.environment());
        LavalierClient client = server.client()) {
      FrameStream stream = client.stream(LENIENT_LATENCY.toBuilder().deviceId("default").build());
      stream.read();
      pulse.signal("STOP");
      try {
        long stopRequestedAt = System.nanoTime();
        server.requestStop();
        assertThat(server.awaitExit()).isZero();
        assertThat(millisSince(stopRequestedAt)).isLessThan(MAX_STOP_MILLIS);
      } finally {
        pulse.signal("CONT");
      }
    }
  }

  private static long millisSince(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
  }
}
