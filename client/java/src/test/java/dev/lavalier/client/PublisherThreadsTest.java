package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests on which threads publishers signal. Each stream has a TCP connection of its own. */
final class PublisherThreadsTest {

  private static final int PUBLISHERS = 200;

  private Server server;

  @BeforeEach
  void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .directExecutor()
            .addService(new TwoFrames())
            .build()
            .start();
  }

  @AfterEach
  void stop() throws Exception {
    server.shutdownNow();
    assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  private static final class TwoFrames extends AudioCaptureGrpc.AudioCaptureImplBase {
    @Override
    public void streamFrames(
        StreamFramesRequest request, StreamObserver<StreamFramesResponse> observer) {
      observer.onNext(FakeMessages.started(80));
      observer.onNext(FakeMessages.frame(0, 80, 0));
      observer.onNext(FakeMessages.frame(80, 80, 0));
    }
  }

  /** Requests one frame and then nothing, so that it waits for ever. */
  private static final class OneFrame implements Flow.Subscriber<Frame> {
    private final CountDownLatch frame;
    private final CountDownLatch completion;

    OneFrame(CountDownLatch frame, CountDownLatch completion) {
      this.frame = frame;
      this.completion = completion;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscription.request(1);
    }

    @Override
    public void onNext(Frame next) {
      frame.countDown();
    }

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onComplete() {
      completion.countDown();
    }
  }

  @Test
  void numberOfThreadsDoesNotDependOnNumberOfPublishers() throws Exception {
    CountDownLatch frames = new CountDownLatch(PUBLISHERS);
    CountDownLatch completions = new CountDownLatch(PUBLISHERS);
    int threadsOfTen = 0;
    StreamOptions options = StreamOptions.builder().format("8000/1/s16le").build();
    try (LavalierClient client = LavalierClient.connect("127.0.0.1:" + server.getPort())) {
      for (int count = 1; count <= PUBLISHERS; count++) {
        FrameStream stream = client.stream(options);
        FramePublisher.of(stream).subscribe(new OneFrame(frames, completions));
        if (count == 10) {
          threadsOfTen = Thread.activeCount();
        }
      }
      assertThat(frames.await(60, TimeUnit.SECONDS)).isTrue();
      // gRPC's shared threads, which end when they are idle: at most two per processor more.
      int more = 2 * Runtime.getRuntime().availableProcessors();
      assertThat(Thread.activeCount()).isLessThanOrEqualTo(threadsOfTen + more);
    }
    assertThat(completions.await(10, TimeUnit.SECONDS)).isTrue();
  }
}
