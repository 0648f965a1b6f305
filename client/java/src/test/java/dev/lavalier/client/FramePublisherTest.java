package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the rules of Reactive Streams that one subscriber can observe. */
final class FramePublisherTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private final ManualTimer timer = new ManualTimer();

  private FrameStream stream(int frames) throws LavalierException {
    List<StreamFramesResponse> messages = new ArrayList<>(List.of(FakeMessages.started(80)));
    for (int k = 0; k < frames; k++) {
      messages.add(FakeMessages.frame(80L * k, 80, 0));
    }
    server.respondWith(messages, Status.UNAVAILABLE.withDescription("gone"));
    return server.client(() -> 0).stream(StreamOptions.builder().reconnect(Duration.ZERO).build());
  }

  /** Returns a stream that reconnects, without a frame. */
  private FrameStream resumingStream() throws LavalierException {
    server.respondWith(
        List.of(FakeMessages.started(80)), Status.UNAVAILABLE.withDescription("gone"));
    return server.client(timer.timeSource()).stream(StreamOptions.defaults());
  }

  /** Runs the tasks of the publisher's executor on this thread. */
  private void runAll() {
    Runnable task;
    while ((task = tasks.poll()) != null) {
      task.run();
    }
  }

  /** Runs an action; returns the exceptions that this thread's handler got meanwhile. */
  private static List<Throwable> uncaughtIn(Runnable action) {
    List<Throwable> uncaught = new ArrayList<>();
    Thread thread = Thread.currentThread();
    thread.setUncaughtExceptionHandler((in, error) -> uncaught.add(error));
    try {
      action.run();
    } finally {
      thread.setUncaughtExceptionHandler(null);
    }
    return uncaught;
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
      runAll();
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
  void closedClientSignalsCompletionWithoutRequest() throws Exception {
    server.respondWith(List.of(FakeMessages.started(80)), null);
    try (LavalierClient client = server.client()) {
      FramePublisher.of(client.stream(StreamOptions.defaults())).subscribe(subscriber);
      assertThat(subscriber.signals).isEmpty();
    }
    assertThat(subscriber.signals).containsExactly("complete");
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
    FrameStream stream = resumingStream();
    List<Notice.Kind> notices = new ArrayList<>();
    stream.onNotice(notice -> notices.add(notice.kind()));
    server.respondWith(
        List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)), Status.INTERNAL);
    FramePublisher.of(stream).subscribe(subscriber);
    assertThat(timer.size()).isZero();
    assertThat(notices).isEmpty();
    subscriber.subscription.request(1);
    assertThat(subscriber.signals).isEmpty();
    assertThat(timer.runNext()).isEqualTo(0.25);
    assertThat(subscriber.next()).isEqualTo(0L);
    assertThat(subscriber.next()).isInstanceOf(LavalierException.class);
    assertThat(notices).containsExactly(Notice.Kind.RECONNECTING, Notice.Kind.RECONNECTED);
    assertThat(timer.size()).isZero();
  }

  @Test
  void silentAttemptIsFollowedByOthers() throws Exception {
    FrameStream stream = resumingStream();
    server.respondWith(List.of(), null);
    server.thenRespondWith(List.of(FakeMessages.started(80)), null);
    FramePublisher.of(stream).subscribe(subscriber);
    subscriber.subscription.request(1);
    assertThat(timer.runNext()).isEqualTo(0.25);
    assertThat(timer.runNext()).isEqualTo(20); // no answer
    assertThat(timer.runNext()).isEqualTo(0.5);
    assertThat(timer.size()).isZero();
    assertThat(stream.connectionState()).isEqualTo(ConnectionState.READY);
    assertThat(subscriber.signals).isEmpty();
    subscriber.subscription.cancel();
  }

  @Test
  void errorIsSignalledWhenTheTimeForReconnectionIsOver() throws Exception {
    FramePublisher.of(resumingStream()).subscribe(subscriber);
    subscriber.subscription.request(1);
    double waited = 0;
    while (subscriber.signals.isEmpty()) {
      waited += timer.runNext();
    }
    assertThat(waited).isEqualTo(300);
    assertThat(subscriber.signals)
        .singleElement()
        .isInstanceOfSatisfying(LavalierException.class, e -> assertThat(e).hasMessage("gone"));
    assertThat(timer.size()).isZero();
  }

  @Test
  void closeAndCancelEndTheWaitForAnAttempt() throws Exception {
    FrameStream closed = resumingStream();
    FramePublisher.of(closed).subscribe(subscriber);
    subscriber.subscription.request(1);
    assertThat(timer.size()).isEqualTo(1);
    closed.close();
    assertThat(timer.size()).isZero();
    assertThat(subscriber.signals).containsExactly("complete");

    RecordingSubscriber cancelling = new RecordingSubscriber();
    FramePublisher.of(resumingStream()).subscribe(cancelling);
    cancelling.subscription.request(1);
    assertThat(timer.size()).isEqualTo(1);
    cancelling.subscription.cancel();
    assertThat(timer.size()).isZero();
    assertThat(cancelling.signals).isEmpty();
    assertThat(server.requests()).hasSize(2);
  }

  @Test
  void framesThatArriveLaterAreSignalled() throws Exception {
    server.keepStreamsOpen();
    ExecutorService opener = Executors.newSingleThreadExecutor();
    try (LavalierClient client = server.client()) {
      Future<FrameStream> opening = opener.submit(() -> client.stream(StreamOptions.defaults()));
      StreamObserver<StreamFramesResponse> feed = server.awaitStreams(1).get(0);
      feed.onNext(FakeMessages.started(80));
      FramePublisher.of(opening.get(10, TimeUnit.SECONDS)).subscribe(subscriber);
      subscriber.subscription.request(2);
      feed.onNext(FakeMessages.frame(0, 80, 0));
      assertThat(subscriber.signals).containsExactly(0L);
      feed.onNext(FakeMessages.frame(80, 80, 0));
      feed.onNext(FakeMessages.frame(160, 80, 0));
      assertThat(subscriber.signals).containsExactly(0L, 80L);
    } finally {
      opener.shutdownNow();
    }
    assertThat(subscriber.signals).containsExactly(0L, 80L, "complete");
  }

  @SuppressWarnings("unchecked")
  private static <E extends Exception> void throwUnchecked(Exception e) throws E {
    throw (E) e;
  }

  @Test
  void exceptionOfSubscriberCancels() throws Exception {
    Exception broken = new IOException("a checked exception, as Kotlin can throw it");
    FrameStream stream = stream(3);
    List<Frame> received = new ArrayList<>();
    FramePublisher.of(stream)
        .subscribe(
            new RecordingSubscriber() {
              @Override
              public void onSubscribe(Flow.Subscription to) {
                super.onSubscribe(to);
                subscriber.onSubscribe(to);
              }

              @Override
              public void onNext(Frame frame) {
                received.add(frame);
                FramePublisherTest.<RuntimeException>throwUnchecked(broken);
              }

              @Override
              public void onError(Throwable error) {
                subscriber.onError(error);
              }
            });
    assertThat(uncaughtIn(() -> subscriber.subscription.request(3))).containsExactly(broken);
    assertThat(received).hasSize(1);
    assertThat(subscriber.signals).isEmpty();
    assertThat(stream.read()).isNull(); // closed
  }

  @Test
  void exceptionOfNoticeListenerHasNoOtherEffect() throws Exception {
    RuntimeException broken = new IllegalStateException("a bug of the program");
    FrameStream stream = resumingStream();
    server.respondWith(List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)), null);
    stream.onNotice(
        notice -> {
          throw broken;
        });
    FramePublisher.of(stream).subscribe(subscriber);
    List<Throwable> uncaught =
        uncaughtIn(
            () -> {
              subscriber.subscription.request(1);
              timer.runNext();
            });
    assertThat(uncaught).containsExactly(broken, broken); // RECONNECTING, RECONNECTED
    assertThat(subscriber.signals).containsExactly(0L);
    stream.close();
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
              e ->
                  assertThat(e)
                      .hasMessage(
                          "request: "
                              + count
                              + " (expected: 1 or more, rule 3.9 of Reactive Streams)"));
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
