package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.testng.SkipException;
import org.testng.annotations.Test;

/** Runs the TCK of Reactive Streams for publishers. */
final class FramePublisherTckTest {

  private static final long TIMEOUT_MILLIS = 10_000;
  private static final long NO_SIGNAL_MILLIS = 50;
  private static final long POLL_MILLIS = 10;

  /** The rules of publishers that serve several subscribers. */
  private static final Set<String> NOT_APPLICABLE =
      Set.of(
          "optional_spec111_maySupportMultiSubscribe",
          "optional_spec111_registeredSubscribersMustReceiveOnNextOrOnCompleteSignals",
          "optional_spec111_multicast_mustProduceTheSameElementsInTheSameSequenceToAllOfItsSubscribersWhenRequestingManyUpfront",
          "optional_spec111_multicast_mustProduceTheSameElementsInTheSameSequenceToAllOfItsSubscribersWhenRequestingManyUpfrontAndCompleteAsExpected",
          "optional_spec111_multicast_mustProduceTheSameElementsInTheSameSequenceToAllOfItsSubscribersWhenRequestingOneByOne");

  private final ExecutorService serverThread = Executors.newSingleThreadExecutor();
  private Server server;
  private ManagedChannel channel;
  private LavalierClient client;

  @BeforeEach
  void start() throws Exception {
    String name = InProcessServerBuilder.generateName();
    server =
        InProcessServerBuilder.forName(name)
            .executor(serverThread)
            .addService(new EndlessService())
            .build()
            .start();
    channel = InProcessChannelBuilder.forName(name).build();
    client = LavalierClient.over(channel, () -> 0); // no frame expires
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    channel.shutdownNow();
    server.shutdownNow();
    assertThat(channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    serverThread.shutdownNow();
  }

  /** Sends frames as fast as they are requested. */
  private static final class EndlessService extends AudioCaptureGrpc.AudioCaptureImplBase {
    @Override
    public void streamFrames(
        StreamFramesRequest request, StreamObserver<StreamFramesResponse> observer) {
      var call = (ServerCallStreamObserver<StreamFramesResponse>) observer;
      call.setOnCancelHandler(() -> {});
      call.setOnReadyHandler(
          new Runnable() {
            private long next;

            @Override
            public void run() {
              while (call.isReady() && !call.isCancelled()) {
                call.onNext(FakeMessages.frame(80 * next++, 80, 0));
              }
            }
          });
      call.onNext(FakeMessages.started(80));
    }
  }

  /** Passes signals on, and closes the stream after the last frame. */
  private record LimitedSubscriber(
      FrameStream stream, long limit, Flow.Subscriber<? super Frame> to, AtomicLong count)
      implements Flow.Subscriber<Frame> {
    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      to.onSubscribe(subscription);
    }

    @Override
    public void onNext(Frame frame) {
      to.onNext(frame);
      if (count.incrementAndGet() == limit) {
        stream.close();
      }
    }

    @Override
    public void onError(Throwable error) {
      to.onError(error);
    }

    @Override
    public void onComplete() {
      to.onComplete();
    }
  }

  private final class Verification extends FlowPublisherVerification<Frame> {
    Verification() {
      super(new TestEnvironment(TIMEOUT_MILLIS, NO_SIGNAL_MILLIS, POLL_MILLIS));
    }

    private FrameStream open() {
      try {
        return client.stream(StreamOptions.defaults());
      } catch (LavalierException e) {
        throw new UncheckedLavalierException(e);
      }
    }

    @Override
    public Flow.Publisher<Frame> createFlowPublisher(long elements) {
      FrameStream stream = open();
      if (elements == 0) {
        stream.close();
      }
      FramePublisher publisher = FramePublisher.of(stream);
      return subscriber ->
          publisher.subscribe(
              subscriber == null
                  ? null
                  : new LimitedSubscriber(stream, elements, subscriber, new AtomicLong()));
    }

    /** Returns a publisher that has a subscriber. */
    @Override
    public Flow.Publisher<Frame> createFailedFlowPublisher() {
      Flow.Publisher<Frame> publisher = createFlowPublisher(1);
      publisher.subscribe(
          new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {}

            @Override
            public void onNext(Frame frame) {}

            @Override
            public void onError(Throwable error) {}

            @Override
            public void onComplete() {}
          });
      return publisher;
    }
  }

  @TestFactory
  Stream<DynamicTest> rules() {
    return Arrays.stream(Verification.class.getMethods())
        .filter(method -> method.isAnnotationPresent(Test.class))
        .filter(method -> !method.getName().startsWith("untested_")) // have no content
        .sorted(Comparator.comparing(Method::getName))
        .map(rule -> DynamicTest.dynamicTest(rule.getName(), () -> verify(rule)));
  }

  private void verify(Method rule) throws Throwable {
    Verification verification = new Verification();
    verification.setUp();
    boolean applicable = true;
    try {
      rule.invoke(verification);
    } catch (InvocationTargetException e) {
      if (!(e.getCause() instanceof SkipException)) {
        throw e.getCause();
      }
      applicable = false;
    }
    assertThat(applicable).as(rule.getName()).isEqualTo(!NOT_APPLICABLE.contains(rule.getName()));
  }
}
