package dev.lavalier.client;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A stream as a {@link Flow.Publisher}, for one subscriber. It closes the stream in the end.
 *
 * <p>The stream is read while frames are asked for, and no further: what is not asked for grows old
 * on the server, is dropped there, and counted in the next frame's gap. {@code onError} gives the
 * {@link LavalierException} with which the stream ended, {@code onComplete} says that it was
 * closed; either comes at the earliest when a frame is waited for. {@code cancel} closes the
 * stream.
 *
 * <p>From {@code onSubscribe} on, one thread is held for the subscriber, and all further signals
 * come from it.
 */
public final class FramePublisher implements Flow.Publisher<Frame> {

  private final FrameStream stream;
  private final Executor executor;
  private final AtomicBoolean subscribed = new AtomicBoolean();

  private FramePublisher(FrameStream stream, Executor executor) {
    this.stream = stream;
    this.executor = executor;
  }

  /** Publishes by a thread of its own, {@code lavalier-publisher}. */
  public static FramePublisher of(FrameStream stream) {
    return of(
        stream,
        task -> {
          Thread thread = new Thread(task, "lavalier-publisher");
          thread.setDaemon(true);
          thread.start();
        });
  }

  /** Publishes by a thread of an executor's, which it holds until the end. */
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
          new IllegalStateException("subscriber: a second one (expected: one for each stream)"));
      return;
    }
    PublisherSubscription subscription = new PublisherSubscription(stream, subscriber);
    subscriber.onSubscribe(subscription);
    try {
      executor.execute(subscription);
    } catch (RejectedExecutionException e) {
      stream.close();
      subscription.signalEnd(e);
    }
  }

  /** What a subscriber has that was refused. */
  private static final class NoopSubscription implements Flow.Subscription {
    @Override
    public void request(long count) {}

    @Override
    public void cancel() {}
  }

  /** The one subscription. Asked from any thread; run by one. */
  private static final class PublisherSubscription implements Flow.Subscription, Runnable {
    private final FrameStream stream;
    private final Flow.Subscriber<? super Frame> subscriber;

    // Guarded by this.
    private long demand;
    private boolean cancelled;
    private IllegalArgumentException demandError; // of what was asked for

    PublisherSubscription(FrameStream stream, Flow.Subscriber<? super Frame> subscriber) {
      this.stream = stream;
      this.subscriber = subscriber;
    }

    @Override
    public void request(long count) {
      synchronized (this) {
        if (count > 0) {
          demand = demand + count < 0 ? Long.MAX_VALUE : demand + count;
        } else if (demandError == null) {
          demandError =
              new IllegalArgumentException("request: %d (expected: 1 or more)".formatted(count));
        }
        notifyAll();
        if (demandError == null) {
          return;
        }
      }
      stream.close(); // releases the reading thread, which tells
    }

    @Override
    public void cancel() {
      synchronized (this) {
        cancelled = true;
        notifyAll();
      }
      stream.close();
    }

    @Override
    public void run() {
      try {
        while (awaitDemand()) {
          Frame frame = stream.read();
          if (!isActive()) {
            break;
          }
          if (frame == null) {
            signalEnd(null);
            return;
          }
          subscriber.onNext(frame);
        }
        signalEnd(demandError());
      } catch (LavalierException e) {
        signalEnd(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        signalEnd(e);
      } finally {
        stream.close(); // also where the subscriber threw
      }
    }

    /** Returns false where nothing more is to be read. */
    private synchronized boolean awaitDemand() throws InterruptedException {
      while (demand == 0 && isActive()) {
        wait();
      }
      if (demand != Long.MAX_VALUE) {
        demand--;
      }
      return isActive();
    }

    private synchronized boolean isActive() {
      return !cancelled && demandError == null;
    }

    private synchronized IllegalArgumentException demandError() {
      return demandError;
    }

    /**
     * Tells the end, where somebody wants to know; {@code error} is null where it is a good one.
     */
    private void signalEnd(Throwable error) {
      synchronized (this) {
        if (cancelled) {
          return;
        }
        cancelled = true;
      }
      if (error == null) {
        subscriber.onComplete();
      } else {
        subscriber.onError(error);
      }
    }
  }
}
