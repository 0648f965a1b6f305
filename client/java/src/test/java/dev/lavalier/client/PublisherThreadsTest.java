package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests on which threads publishers signal. Each stream has a TCP connection of its own. */
final class PublisherThreadsTest {

  private static final int PUBLISHERS = 200;
  private static final StreamOptions OPTIONS =
      StreamOptions.builder().format("8000/1/s16le").build();

  private final TwoFrames service = new TwoFrames();
  private Server server;

  @BeforeEach
  void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .directExecutor()
            .addService(service)
            .build()
            .start();
  }

  @AfterEach
  void stop() throws Exception {
    server.shutdownNow();
    assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  /** Sends two frames. The first {@code losses} streams end then. */
  private static final class TwoFrames extends AudioCaptureGrpc.AudioCaptureImplBase {
    private final AtomicInteger losses = new AtomicInteger();

    @Override
    public void streamFrames(
        StreamFramesRequest request, StreamObserver<StreamFramesResponse> observer) {
      long next = request.getResume().getSampleIndex();
      observer.onNext(FakeMessages.started(80));
      observer.onNext(FakeMessages.frame(next, 80, 0));
      observer.onNext(FakeMessages.frame(next + 80, 80, 0));
      if (losses.getAndDecrement() > 0) {
        observer.onError(Status.UNAVAILABLE.withDescription("gone").asRuntimeException());
      }
    }
  }

  /** Requests some frames and then nothing, and records the thread of each signal. */
  private static final class Recorder implements Flow.Subscriber<Frame> {
    private final long frames;
    private final BlockingQueue<Thread> onNext = new LinkedBlockingQueue<>();
    private final BlockingQueue<Thread> onComplete = new LinkedBlockingQueue<>();

    Recorder(long frames) {
      this.frames = frames;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscription.request(frames);
    }

    @Override
    public void onNext(Frame frame) {
      onNext.add(Thread.currentThread());
    }

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onComplete() {
      onComplete.add(Thread.currentThread());
    }
  }

  private static Thread next(BlockingQueue<Thread> threads) throws InterruptedException {
    Thread thread = threads.poll(20, TimeUnit.SECONDS);
    assertThat(thread).isNotNull();
    return thread;
  }

  private LavalierClient client() {
    return LavalierClient.connect("127.0.0.1:" + server.getPort());
  }

  @Test
  void numberOfThreadsDoesNotDependOnNumberOfPublishers() throws Exception {
    List<Recorder> subscribers = new ArrayList<>();
    int threadsOfTen = 0;
    try (LavalierClient client = client()) {
      for (int count = 1; count <= PUBLISHERS; count++) {
        Recorder subscriber = new Recorder(1);
        subscribers.add(subscriber);
        FramePublisher.of(client.stream(OPTIONS)).subscribe(subscriber);
        if (count == 10) {
          threadsOfTen = Thread.activeCount();
        }
      }
      for (Recorder subscriber : subscribers) {
        next(subscriber.onNext);
      }
      // gRPC's shared threads, which end when they are idle: at most two per processor more.
      int more = 2 * Runtime.getRuntime().availableProcessors();
      assertThat(Thread.activeCount()).isLessThanOrEqualTo(threadsOfTen + more);
    }
    for (Recorder subscriber : subscribers) {
      next(subscriber.onComplete);
    }
  }

  @Test
  void timerOfClientConnectsAgainAndEnds() throws Exception {
    service.losses.set(1);
    BlockingQueue<Thread> connecting = new LinkedBlockingQueue<>();
    Recorder subscriber = new Recorder(4);
    try (LavalierClient client = client()) {
      client.onConnectionState(
          (stream, state) -> {
            if (state == ConnectionState.CONNECTING) {
              connecting.add(Thread.currentThread());
            }
          });
      FrameStream stream = client.stream(OPTIONS);
      FramePublisher.of(stream).subscribe(subscriber);
      for (int i = 0; i < 4; i++) {
        next(subscriber.onNext);
      }
      assertThat(stream.stats().reconnections()).isEqualTo(1);
    }
    next(subscriber.onComplete);
    assertThat(next(connecting)).isSameAs(Thread.currentThread());
    Thread timer = next(connecting);
    assertThat(timer.getName()).isEqualTo("lavalier-timer");
    timer.join(20_000);
    assertThat(timer.isAlive()).isFalse();
  }

  @Test
  void executorRunsAllSignals() throws Exception {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    try {
      Thread only = executor.submit(Thread::currentThread).get(20, TimeUnit.SECONDS);
      Recorder subscriber = new Recorder(4);
      service.losses.set(1);
      try (LavalierClient client = client()) {
        FramePublisher.of(client.stream(OPTIONS), executor).subscribe(subscriber);
        for (int i = 0; i < 4; i++) {
          assertThat(next(subscriber.onNext)).isSameAs(only);
        }
      }
      assertThat(next(subscriber.onComplete)).isSameAs(only);
    } finally {
      executor.shutdownNow();
    }
  }
}
