package dev.lavalier.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A server-streaming call whose messages are pulled. At most {@value #PREFETCH} messages wait here.
 * The first one has to arrive in time: a peer that accepts the connection and never answers would
 * hold the caller for ever, because gRPC checks only established connections.
 *
 * <p>One thread at a time takes messages, with or without waiting; {@link #close} may be called
 * from any thread, more than once.
 */
final class MessageStream<Q, R> implements AutoCloseable {

  static final int PREFETCH = 4;

  /** Observes what arrives. */
  interface Observer {
    /**
     * Reports that a message or the end of the call has arrived. Runs on a thread of the transport
     * and does not block.
     *
     * @param end whether it is the end
     */
    void arrived(boolean end);
  }

  /** A message, or the final status. Exactly one of the two is null. */
  private record Received<R>(@Nullable R message, @Nullable Status status, long arrivedNanos) {}

  private final Endpoint server;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final ClientCall<Q, R> call;
  private final Queue<Received<R>> received = new ArrayDeque<>(); // guarded by this
  private final CountDownLatch answered = new CountDownLatch(1); // something was received
  private final TimeSource timeSource;
  private final Wait answer;
  private final Observer observer;

  private volatile boolean closed;
  // Used only by the taking thread.
  private @Nullable Status endStatus; // null: the call has not ended
  private boolean timedOut;
  private long arrivedNanos;

  /**
   * Starts the call.
   *
   * @param server the endpoint, for errors
   * @param timeSource the clock for arrival times
   * @param answerTimeoutNanos how long the first message may take
   */
  MessageStream(
      Channel channel,
      MethodDescriptor<Q, R> method,
      Q request,
      Endpoint server,
      TimeSource timeSource,
      long answerTimeoutNanos,
      Observer observer) {
    this.server = server;
    this.timeSource = timeSource;
    this.answer = new Wait(answered, answerTimeoutNanos);
    this.observer = observer;
    // The listener runs on the transport's thread, because it never blocks.
    CallOptions direct = CallOptions.DEFAULT.withExecutor(Runnable::run);
    // Only the thread that uses a ClientCall may cancel it, but any thread may cancel the context
    // in which it was created.
    Context previous = context.attach();
    try {
      call = channel.newCall(method, direct);
      call.start(new Listener(), new Metadata());
      call.request(PREFETCH);
      call.sendMessage(request);
      call.halfClose();
    } finally {
      context.detach(previous);
    }
  }

  /**
   * Waits for the next message. An interrupt closes the stream and stays set.
   *
   * @return the message; null after this stream was closed
   * @throws LavalierException if the server ended the stream or did not answer in time, the
   *     connection is lost, or the thread was interrupted
   */
  @Nullable R take() throws LavalierException {
    R message = null;
    while (message == null && !closed) {
      try {
        await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        if (!closed) { // else: the interrupt came later
          close();
          throw Endpoint.interrupted();
        }
      }
      message = poll();
    }
    return message;
  }

  /** Waits until {@link #poll} returns a message or throws, or this stream is closed. */
  void await() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    answer.await(timeSource);
    if (answer.hasExpired()) {
      return;
    }
    synchronized (this) {
      while (received.isEmpty() && endStatus == null && !closed) {
        wait();
      }
    }
  }

  /**
   * Returns the next message without waiting.
   *
   * @return the message; null if none has arrived, or this stream was closed
   * @throws LavalierException as {@link #take}
   */
  @Nullable R poll() throws LavalierException {
    return poll(message -> true);
  }

  /**
   * Continues as {@link #poll()}, but leaves a message that is not wanted, and all after it.
   *
   * @return the message; null also if the next one is not wanted
   */
  @Nullable R poll(Predicate<R> wanted) throws LavalierException {
    if (endStatus == null && !closed) {
      Received<R> next;
      synchronized (this) {
        next = received.peek();
        if (next != null && next.message() != null && !wanted.test(next.message())) {
          return null;
        }
        received.poll();
      }
      if (next == null) {
        if (!answer.hasExpired()) {
          return null;
        }
        timedOut = true;
        endStatus = server.silence(answer.nanos());
        context.cancel(null);
      } else if (next.message() != null && !closed) {
        call.request(1);
        arrivedNanos = next.arrivedNanos();
        return next.message();
      } else {
        endStatus = next.status();
      }
    }
    if (closed) {
      return null;
    }
    throw server.exception(endStatus);
  }

  /** Returns the wait for the first message; null if it has arrived or the call has ended. */
  @Nullable Wait answer() {
    return answer.hasEnded() || endStatus != null ? null : answer;
  }

  /** Returns whether the call ended because the server did not answer in time. */
  boolean timedOut() {
    return timedOut;
  }

  /** Returns the arrival time of the last taken message, by the clock of the constructor. */
  long arrivedNanos() {
    return arrivedNanos;
  }

  /** Ends the call and releases the taking thread. */
  @Override
  public void close() {
    closed = true;
    context.cancel(null);
    receive(new Received<>(null, Status.CANCELLED, 0)); // does not depend on the transport
  }

  private void receive(Received<R> next) {
    synchronized (this) {
      received.add(next);
      notifyAll();
    }
    answered.countDown();
  }

  /** The transport calls it; it queues messages and does not block. */
  private final class Listener extends ClientCall.Listener<R> {
    @Override
    public void onHeaders(Metadata headers) {
      server.markResponded();
    }

    @Override
    public void onMessage(R message) {
      receive(new Received<>(message, null, timeSource.nanoTime().getAsLong()));
      observer.arrived(false);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      receive(new Received<>(null, status, 0));
      observer.arrived(true);
    }
  }
}
