package dev.lavalier.client;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Publishes a stream as a {@link Flow.Publisher} to one subscriber. It closes the stream when the
 * subscription ends.
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
 * <p>One thread serves the subscriber from {@code onSubscribe} until the end and sends all further
 * signals.
 */
public final class FramePublisher implements Flow.Publisher<Frame> {

  private final FrameStream stream;
  private final Executor executor;
  private final AtomicBoolean subscribed = new AtomicBoolean();

  private FramePublisher(FrameStream stream, Executor executor) {
    this.stream = stream;
    this.executor = executor;
  }

  /** Returns a publisher with a thread of its own, {@code lavalier-publisher}. */
  public static FramePublisher of(FrameStream stream) {
    return of(
        stream,
        task -> {
          Thread thread = new Thread(task, "lavalier-publisher");
          thread.setDaemon(true);
          thread.start();
        });
  }

  /** Returns a publisher that occupies one thread of an executor until the subscription ends. */
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
    PublisherSubscription subscription = new PublisherSubscription(stream, subscriber);
    subscriber.onSubscribe(subscription);
    try {
      executor.execute(subscription);
    } catch (RuntimeException | Error e) { // rejected, or no thread can be created
      stream.close();
      subscription.signalEnd(e);
    }
  }

  /** The subscription of a rejected subscriber. */
  private static final class NoopSubscription implements Flow.Subscription {
    @Override
    public void request(long count) {}

    @Override
    public void cancel() {}
  }

  /** The one subscription. Any thread may request; one thread runs it. */
  private static final class PublisherSubscription implements Flow.Subscription, Runnable {
    private final FrameStream stream;
    private final Flow.Subscriber<? super Frame> subscriber;

    // Guarded by this.
    private long demand;
    private boolean cancelled;
    private boolean endChanged; // the stream may have ended since it was last asked
    private @Nullable IllegalArgumentException demandError; // of an invalid request

    PublisherSubscription(FrameStream stream, Flow.Subscriber<? super Frame> subscriber) {
      this.stream = stream;
      this.subscriber = subscriber;
      this.endChanged = true;
      stream.onEnd(this::checkEnd);
    }

    private synchronized void checkEnd() {
      endChanged = true;
      notifyAll();
    }

    @Override
    public void request(long count) {
      synchronized (this) {
        if (count > 0) {
          demand = demand + count < 0 ? Long.MAX_VALUE : demand + count;
        } else if (demandError == null) {
          demandError =
              new IllegalArgumentException("request: %s (expected: 1 or more)".formatted(count));
        }
        notifyAll();
        if (demandError == null) {
          return;
        }
      }
      stream.close(); // releases the reading thread, which signals the error
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
        while (awaitWork()) {
          if (takeEndChanged() && pollEnd() && isActive()) {
            signalEnd(null);
            return;
          }
          if (!takeDemand()) {
            continue;
          }
          Frame frame = read();
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
        stream.close(); // also if the subscriber threw
      }
    }

    /** Reads a frame. Signals an unexpected failure of the stream, which is a defect. */
    private @Nullable Frame read() throws LavalierException {
      try {
        return stream.read();
      } catch (RuntimeException | Error e) {
        signalEnd(e);
        throw e;
      }
    }

    /** Returns whether the stream was closed; signals an unexpected failure as {@link #read}. */
    private boolean pollEnd() throws LavalierException {
      try {
        return stream.pollEnd();
      } catch (RuntimeException | Error e) {
        signalEnd(e);
        throw e;
      }
    }

    /**
     * Waits until a frame is requested or the stream may have ended; returns false if the
     * subscription has ended.
     */
    private synchronized boolean awaitWork() throws InterruptedException {
      while (demand == 0 && !endChanged && isActive()) {
        wait();
      }
      return isActive();
    }

    private synchronized boolean takeEndChanged() {
      boolean changed = endChanged;
      endChanged = false;
      return changed;
    }

    /** Takes one requested frame; returns false if none is requested. */
    private synchronized boolean takeDemand() {
      boolean requested = demand > 0;
      if (requested && demand != Long.MAX_VALUE) {
        demand--;
        endChanged |= demand == 0; // the end may be next
      }
      return requested;
    }

    private synchronized boolean isActive() {
      return !cancelled && demandError == null;
    }

    private synchronized @Nullable IllegalArgumentException demandError() {
      return demandError;
    }

    /**
     * Signals the end unless the subscriber has cancelled or knows it already; a null {@code error}
     * means completion.
     */
    private void signalEnd(@Nullable Throwable error) {
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
