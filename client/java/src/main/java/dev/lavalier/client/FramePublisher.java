package dev.lavalier.client;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Publishes a stream as a {@link Flow.Publisher} to one subscriber. It closes the stream when the
 * subscription ends. A stream that has a publisher must not be read by the program.
 *
 * <p>The stream is read only while frames are requested. Frames that are not requested expire on
 * the server, which drops them and counts them in the next frame's gap. If none is requested for 30
 * s, or the time that the operator chose, the server ends the stream. The next request resumes it,
 * as {@link FrameStream} says.
 *
 * <p>{@code onError} passes the {@link LavalierException} with which the stream ended; {@code
 * onComplete} reports that the stream or its client was closed. Neither waits for a request, but
 * frames that arrived before the server ended the stream have to be requested first. {@code cancel}
 * closes the stream.
 *
 * <p>A publisher has no thread. Without an executor, each signal runs on the thread that causes it:
 * the transport's thread that received the frame, the thread that requests or closes, or the
 * client's thread {@code lavalier-timer}, which also ends a wait for the next attempt to reconnect.
 * The transport's threads serve all streams of the program, so the subscriber must not block them.
 * A thread that subscribes or requests returns when no further frame is there, which can be never
 * if the subscriber is slower than the frames. So if it works for long, or waits, pass an executor.
 * Signals never overlap, and each sees the effects of the previous ones.
 *
 * <p>An exception of the subscriber cancels the subscription and goes to the thread's handler for
 * uncaught exceptions.
 */
public final class FramePublisher implements Flow.Publisher<Frame> {

  private final FrameStream stream;
  private final Executor executor;
  private final AtomicBoolean subscribed = new AtomicBoolean();

  private FramePublisher(FrameStream stream, Executor executor) {
    this.stream = Objects.requireNonNull(stream, "stream");
    this.executor = Objects.requireNonNull(executor, "executor");
  }

  /** Returns a publisher whose signals run on the threads that cause them; see above. */
  public static FramePublisher of(FrameStream stream) {
    return of(stream, Runnable::run);
  }

  /**
   * Returns a publisher whose signals run in tasks of an executor. A task ends when it has
   * signalled what is there, so publishers can share few threads. If the executor rejects a task,
   * the stream is closed and the rejection is signalled as the error.
   */
  public static FramePublisher of(FrameStream stream, Executor executor) {
    return new FramePublisher(stream, executor);
  }

  /** Subscribes; a second subscriber gets {@link IllegalStateException} by {@code onError}. */
  @Override
  public void subscribe(Flow.Subscriber<? super Frame> subscriber) {
    Objects.requireNonNull(subscriber, "subscriber");
    if (subscribed.getAndSet(true)) {
      subscriber.onSubscribe(new NoopSubscription());
      subscriber.onError(
          new IllegalStateException("subscriber: a second one (expected: one per stream)"));
      return;
    }
    PublisherSubscription subscription = new PublisherSubscription(stream, executor, subscriber);
    try {
      subscriber.onSubscribe(subscription);
    } catch (Throwable e) { // also a checked exception, which other languages can throw
      subscription.cancel();
      throw e;
    } finally {
      subscription.start();
    }
  }

  /** The subscription of a rejected subscriber. */
  private static final class NoopSubscription implements Flow.Subscription {
    @Override
    public void request(long count) {}

    @Override
    public void cancel() {}
  }

  /**
   * The one subscription. Any thread may request, cancel or {@link #wake}; {@link #deliver} runs on
   * one thread at a time.
   */
  private static final class PublisherSubscription implements Flow.Subscription {
    private final FrameStream stream;
    private final Executor executor;
    private final AtomicLong demand = new AtomicLong();

    /** Events to handle. The thread that raises it from 0 starts the task; 1 until the start. */
    private final AtomicInteger events = new AtomicInteger(1);

    private volatile boolean cancelled;
    private volatile @Nullable IllegalArgumentException demandError; // of an invalid request

    // Used only by deliver.
    private Flow.@Nullable Subscriber<? super Frame> subscriber; // null: the subscription has ended
    private @Nullable Wait wait; // that the timer ends; null: none
    private Runnable cancelTimer = () -> {};

    PublisherSubscription(
        FrameStream stream, Executor executor, Flow.Subscriber<? super Frame> subscriber) {
      this.stream = stream;
      this.executor = executor;
      this.subscriber = subscriber;
      stream.onArrival(this::wake);
    }

    @Override
    public void request(long count) {
      if (count > 0) {
        demand.accumulateAndGet(
            count, (before, more) -> before + more < 0 ? Long.MAX_VALUE : before + more);
        wake();
      } else {
        demandError =
            new IllegalArgumentException(
                "request: %s (expected: 1 or more, rule 3.9 of Reactive Streams)".formatted(count));
        stream.close(); // wakes
      }
    }

    @Override
    public void cancel() {
      cancelled = true;
      stream.close(); // wakes
    }

    /** Lets the events be handled that came before and during {@code onSubscribe}. */
    void start() {
      execute();
    }

    private void wake() {
      if (events.getAndIncrement() == 0) {
        execute();
      }
    }

    private void execute() {
      try {
        executor.execute(this::handleEvents);
      } catch (RuntimeException | Error e) { // rejected: nothing is executed from now on
        end(e);
      }
    }

    private void handleEvents() {
      int handled = events.get();
      do {
        try {
          deliver();
        } catch (LavalierException | RuntimeException | Error e) {
          end(e);
        }
        handled = events.addAndGet(-handled);
      } while (handled != 0);
    }

    /** Signals what is there. */
    private void deliver() throws LavalierException {
      while (subscriber != null) {
        Frame frame = stream.poll(demand.get() > 0);
        if (stream.isClosed()) {
          end(null);
        } else if (frame == null) {
          setTimer(stream.pendingWait());
          return;
        } else {
          demand.updateAndGet(before -> before == Long.MAX_VALUE ? before : before - 1);
          Flow.Subscriber<? super Frame> to = subscriber;
          if (!Callbacks.run(() -> to.onNext(frame))) {
            cancel();
          }
        }
      }
    }

    private void setTimer(@Nullable Wait next) {
      if (next == wait) {
        return;
      }
      cancelTimer.run();
      wait = next;
      cancelTimer =
          next == null
              ? () -> {}
              : stream
                  .timer()
                  .schedule(
                      () -> {
                        next.expire();
                        wake();
                      },
                      next.nanos());
    }

    /**
     * Ends the subscription, and signals it unless the subscriber has cancelled.
     *
     * @param reason null: the stream was closed
     */
    private void end(@Nullable Throwable reason) {
      Flow.Subscriber<? super Frame> to = subscriber;
      subscriber = null;
      stream.close();
      cancelTimer.run();
      if (to == null || cancelled) {
        return;
      }
      Throwable error = demandError != null ? demandError : reason;
      Callbacks.run(error == null ? to::onComplete : () -> to.onError(error));
    }
  }
}
