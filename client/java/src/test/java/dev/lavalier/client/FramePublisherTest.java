package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the rules of Reactive Streams that one subscriber can observe. */
final class FramePublisherTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  /** Records signals, and whether two signals overlapped. */
  private static final class RecordingSubscriber implements Flow.Subscriber<Frame> {
    private final BlockingQueue<Object> signals = new LinkedBlockingQueue<>();
    private final AtomicInteger activeSignals = new AtomicInteger();
    private volatile boolean overlapped;
    private volatile Flow.Subscription subscription;

    private void recordSignal(Object what) {
      overlapped |= activeSignals.getAndIncrement() > 0;
      signals.add(what);
      activeSignals.getAndDecrement();
    }

    @Override
    public void onSubscribe(Flow.Subscription to) {
      subscription = to;
    }

    @Override
    public void onNext(Frame frame) {
      recordSignal(frame.sampleIndex());
    }

    @Override
    public void onError(Throwable error) {
      recordSignal(error);
    }

    @Override
    public void onComplete() {
      recordSignal("complete");
    }

    Object next() throws InterruptedException {
      return signals.poll(10, TimeUnit.SECONDS);
    }
  }

  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final List<Runnable> tasks = new ArrayList<>();
  private final ExecutorService opener = Executors.newSingleThreadExecutor();

  @AfterEach
  void stopOpener() {
    opener.shutdownNow();
  }

  private FrameStream stream(int frames) throws LavalierException {
    List<StreamFramesResponse> messages = new ArrayList<>(List.of(FakeMessages.started(80)));
    for (int k = 0; k < frames; k++) {
      messages.add(FakeMessages.frame(80L * k, 80, 0));
    }
    server.respondWith(messages, Status.UNAVAILABLE.withDescription("gone"));
    return server.client(() -> 0).stream(StreamOptions.builder().reconnect(Duration.ZERO).build());
  }

  /** Runs the publisher's tasks to their end on this thread. */
  private void runAll() {
    tasks.forEach(Runnable::run);
  }

  @Test
  void failingExecutor_signalsTheFailure() throws Exception {
    Error noThread = new InternalError("unable to create native thread");
    try (FrameStream stream = stream(1)) {
      FramePublisher.of(
              stream,
              task -> {
                throw noThread;
              })
          .subscribe(subscriber);
      assertThat(subscriber.signals).containsExactly(noThread);
    }
  }

  @Test
  void failingRead_signalsTheFailure() throws Exception {
    RuntimeException broken = new IllegalStateException("the clock is broken");
    Thread reader = Thread.currentThread();
    AtomicBoolean failing = new AtomicBoolean();
    server.respondWith(List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)), Status.OK);
    LongSupplier clock =
        () -> {
          if (failing.get() && Thread.currentThread() == reader) {
            throw broken;
          }
          return 0;
        };
    try (FrameStream stream = server.client(clock).stream(StreamOptions.defaults())) {
      FramePublisher.of(stream, tasks::add).subscribe(subscriber);
      subscriber.subscription.request(1);
      failing.set(true);
      assertThatThrownBy(this::runAll).isSameAs(broken);
      assertThat(subscriber.signals).containsExactly(broken);
    }
  }

  @Test
  void onlyRequestedFramesAreSignalled() throws Exception {
    try (FrameStream stream = stream(10)) {
      FramePublisher.of(stream).subscribe(subscriber);
      assertThat(subscriber.signals).isEmpty();
      subscriber.subscription.request(2);
      assertThat(subscriber.next()).isEqualTo(0L);
      assertThat(subscriber.next()).isEqualTo(80L);
      assertThat(subscriber.signals.poll(50, TimeUnit.MILLISECONDS)).isNull();
      subscriber.subscription.request(1);
      subscriber.subscription.request(1);
      assertThat(subscriber.next()).isEqualTo(160L);
      assertThat(subscriber.next()).isEqualTo(240L);
      subscriber.subscription.cancel();
    }
  }

  @Test
  void failureIsSignalledOnceAfterFrames() throws Exception {
    FramePublisher.of(stream(3), tasks::add).subscribe(subscriber);
    subscriber.subscription.request(Long.MAX_VALUE);
    subscriber.subscription.request(Long.MAX_VALUE); // does not overflow
    runAll();
    assertThat(subscriber.signals).hasSize(4).startsWith(0L, 80L, 160L);
    assertThat(subscriber.signals.stream().skip(3))
        .singleElement()
        .isInstanceOfSatisfying(LavalierException.class, e -> assertThat(e).hasMessage("gone"));
    assertThat(subscriber.overlapped).isFalse();
  }

  @Test
  void closedStreamSignalsCompletion() throws Exception {
    FrameStream stream = stream(3);
    FramePublisher.of(stream, tasks::add).subscribe(subscriber);
    subscriber.subscription.request(1);
    stream.close();
    runAll();
    assertThat(subscriber.signals).containsExactly("complete");
  }

  @Test
  void closedClientSignalsCompletionWithoutRequestAndEndsThread() throws Exception {
    server.keepStreamsOpen();
    AtomicReference<Thread> thread = new AtomicReference<>();
    try (LavalierClient client = server.client()) {
      Future<FrameStream> opening = opener.submit(() -> client.stream(StreamOptions.defaults()));
      server.awaitStreams(1).get(0).onNext(FakeMessages.started(80));
      FramePublisher.of(
              opening.get(10, TimeUnit.SECONDS),
              task -> {
                thread.set(new Thread(task, "publisher-of-test"));
                thread.get().start();
              })
          .subscribe(subscriber);
    }
    assertThat(subscriber.next()).isEqualTo("complete");
    thread.get().join(10_000);
    assertThat(thread.get().isAlive()).isFalse();
  }

  @Test
  void endOfStreamIsSignalledWithoutRequest() throws Exception {
    FramePublisher.of(stream(0)).subscribe(subscriber);
    assertThat(subscriber.next())
        .isInstanceOfSatisfying(LavalierException.class, e -> assertThat(e).hasMessage("gone"));
  }

  @Test
  void endOfStreamIsSignalledAfterRequestedFrames() throws Exception {
    FramePublisher.of(stream(2)).subscribe(subscriber);
    subscriber.subscription.request(1);
    assertThat(subscriber.next()).isEqualTo(0L);
    assertThat(subscriber.signals.poll(50, TimeUnit.MILLISECONDS)).isNull();
    subscriber.subscription.request(1);
    assertThat(subscriber.next()).isEqualTo(80L);
    assertThat(subscriber.next()).isInstanceOf(LavalierException.class);
  }

  /** A lost connection is no end: the next request resumes the stream. */
  @Test
  void lostConnectionIsResumedByRequest() throws Exception {
    server.respondWith(List.of(FakeMessages.started(80)), Status.UNAVAILABLE);
    server.thenRespondWith(
        List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)), Status.INTERNAL);
    FramePublisher.of(server.client().stream(StreamOptions.defaults())).subscribe(subscriber);
    assertThat(subscriber.signals.poll(50, TimeUnit.MILLISECONDS)).isNull();
    subscriber.subscription.request(1);
    assertThat(subscriber.next()).isEqualTo(0L);
    assertThat(subscriber.next()).isInstanceOf(LavalierException.class);
  }

  @Test
  void nonPositiveRequestIsError() throws Exception {
    for (long count : new long[] {0, -1}) {
      FrameStream stream = stream(3);
      RecordingSubscriber each = new RecordingSubscriber();
      FramePublisher.of(stream).subscribe(each);
      each.subscription.request(count);
      each.subscription.request(5); // too late
      assertThat(each.next())
          .isInstanceOfSatisfying(
              IllegalArgumentException.class,
              e -> assertThat(e).hasMessage("request: " + count + " (expected: 1 or more)"));
      assertThat(each.signals).isEmpty();
      assertThat(stream.read()).isNull(); // closed
    }
  }

  @Test
  void cancelClosesStreamWithoutSignal() throws Exception {
    FrameStream stream = stream(3);
    FramePublisher.of(stream, tasks::add).subscribe(subscriber);
    subscriber.subscription.request(2);
    subscriber.subscription.cancel();
    subscriber.subscription.cancel();
    subscriber.subscription.request(1);
    subscriber.subscription.request(-1);
    runAll();
    assertThat(subscriber.signals).isEmpty();
    assertThat(stream.read()).isNull();
  }

  @Test
  void subscriberMayRequestAndCancelInOnNext() throws Exception {
    List<Long> received = new ArrayList<>();
    FrameStream stream = stream(10);
    FramePublisher.of(stream, tasks::add)
        .subscribe(
            new Flow.Subscriber<>() {
              private Flow.Subscription subscription;

              @Override
              public void onSubscribe(Flow.Subscription to) {
                subscription = to;
                to.request(1);
              }

              @Override
              public void onNext(Frame frame) {
                received.add(frame.sampleIndex());
                subscription.request(1);
                if (received.size() == 4) {
                  subscription.cancel();
                }
              }

              @Override
              public void onError(Throwable error) {
                received.add(-1L);
              }

              @Override
              public void onComplete() {
                received.add(-2L);
              }
            });
    runAll();
    assertThat(received).containsExactly(0L, 80L, 160L, 240L);
    assertThat(stream.read()).isNull();
  }

  @Test
  void secondSubscriberIsRejected() throws Exception {
    FramePublisher publisher = FramePublisher.of(stream(1), tasks::add);
    publisher.subscribe(subscriber);
    RecordingSubscriber second = new RecordingSubscriber();
    publisher.subscribe(second);
    assertThat(second.subscription).isNotNull();
    assertThat(second.signals).singleElement().isInstanceOf(IllegalStateException.class);
    assertThat(subscriber.signals).isEmpty();
    assertThat(tasks).hasSize(1);
    assertThatNullPointerException().isThrownBy(() -> publisher.subscribe(null));
  }
}
