package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.testing.TestPuller;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests the Netty transport: event loops as delivery loops, and the standard services. */
final class GrpcServerTest {

  private TcpServer server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    server = TcpServer.start("16000/1/s16le", HubConfig.DEFAULTS);
    channel = server.newChannel();
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    server.close();
  }

  @Test
  void streamsOverTcpFromTheEventLoops() throws Exception {
    TestSubscriber one = subscribe(80);
    TestSubscriber other = subscribe(320);
    one.nextStarted();
    other.nextStarted();
    long next = one.nextFrame().getSampleIndex();
    for (var frame : one.nextFrames(50)) {
      next += 80;
      assertThat(frame.getSampleIndex()).isEqualTo(next);
      assertThat(frame.getPcm().size()).isEqualTo(160);
      assertThat(frame.hasGap()).isFalse();
    }
    assertThat(other.nextFrame().getPcm().size()).isEqualTo(640);
    one.cancel();
    assertThat(one.awaitStatus().getCode()).isEqualTo(Status.Code.CANCELLED);
    other.nextFrames(5);
  }

  @Test
  void oneSecondFramesPassThroughSmallSocketBuffer() throws Exception {
    StreamFramesRequest seconds = StreamFramesRequest.newBuilder().setFrameSize(48_000).build();
    try (TcpServer stereo = TcpServer.start("48000/2/f32le", HubConfig.DEFAULTS)) {
      ManagedChannel wide = stereo.newChannel();
      try {
        TestSubscriber subscriber = TestSubscriber.subscribe(wide, seconds).requestAll();
        TestPuller puller =
            TestPuller.pull(
                    wide, PullFramesRequest.newBuilder().setSubscribe(seconds).setCredit(2).build())
                .halfClose();
        for (TestSubscriber each : List.of(subscriber, puller.received())) {
          each.nextStarted();
          List<AudioFrame> frames = each.nextFrames(2);
          assertThat(frames).allMatch(frame -> frame.getPcm().size() == 48_000 * 2 * 4);
          assertThat(frames).noneMatch(AudioFrame::hasGap);
        }
        assertThat(puller.received().awaitStatus()).isEqualTo(Status.OK);
      } finally {
        wide.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      }
    }
  }

  private TestSubscriber subscribe(int frameSize) {
    return TestSubscriber.subscribe(
            channel, StreamFramesRequest.newBuilder().setFrameSize(frameSize).build())
        .requestAll();
  }

  @Test
  void lostConnectionEndsSubscription() throws Exception {
    TestSubscriber subscriber = subscribe(80);
    subscriber.nextStarted();
    subscriber.nextFrame();
    channel.shutdownNow();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (server.hub().devices().get(0).subscriberCount() > 0 && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    assertThat(server.hub().devices().get(0).subscriberCount()).isZero();
  }

  @Test
  void healthServiceReportsServing() {
    for (String service : List.of("", "lavalier.v1.AudioCapture")) {
      assertThat(
              HealthGrpc.newBlockingStub(channel)
                  .check(HealthCheckRequest.newBuilder().setService(service).build())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
    }
  }

  @Test
  void reflectionDescribesService() throws Exception {
    CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel).serverReflectionInfo(firstInto(answer));
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    assertThat(answer.get(10, TimeUnit.SECONDS).getListServicesResponse().getServiceList())
        .extracting(ServiceResponse::getName)
        .contains("lavalier.v1.AudioCapture", "grpc.health.v1.Health");
    requests.onCompleted();

    CompletableFuture<ServerReflectionResponse> file = new CompletableFuture<>();
    requests = ServerReflectionGrpc.newStub(channel).serverReflectionInfo(firstInto(file));
    requests.onNext(
        ServerReflectionRequest.newBuilder()
            .setFileContainingSymbol("lavalier.v1.AudioCapture.StreamFrames")
            .build());
    assertThat(
            file.get(10, TimeUnit.SECONDS).getFileDescriptorResponse().getFileDescriptorProtoList())
        .hasSize(1);
    requests.onCompleted();
  }

  private static StreamObserver<ServerReflectionResponse> firstInto(
      CompletableFuture<ServerReflectionResponse> answer) {
    return new StreamObserver<>() {
      @Override
      public void onNext(ServerReflectionResponse response) {
        answer.complete(response);
      }

      @Override
      public void onError(Throwable e) {
        answer.completeExceptionally(e);
      }

      @Override
      public void onCompleted() {}
    };
  }
}
