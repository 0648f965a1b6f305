package dev.lavalier.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.LongSupplier;

/**
 * A server-streaming call whose messages are pulled. No more than {@value #PREFETCH} of them wait
 * here.
 *
 * <p>One thread takes; {@link #close} may be called from any, more than once.
 */
final class MessageStream<Q, R> implements AutoCloseable {

  static final int PREFETCH = 4;

  /** A message, or null and the status behind the last one. */
  private record Received<R>(R message, Status status, long arrivedNanos) {}

  private final Endpoint server;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final ClientCall<Q, R> call;
  private final BlockingQueue<Received<R>> received = new LinkedBlockingQueue<>();
  private final LongSupplier nanoTime;

  private volatile boolean closed;
  // The taking thread alone.
  private Status endStatus;
  private long arrivedNanos;

  /**
   * Starts the call.
   *
   * @param server where it goes
   * @param nanoTime the clock by which arrivals are noted
   */
  MessageStream(
      Channel channel,
      MethodDescriptor<Q, R> method,
      Q request,
      Endpoint server,
      LongSupplier nanoTime) {
    this.server = server;
    this.nanoTime = nanoTime;
    // On the transport's thread: the listener hands on and never blocks.
    CallOptions direct = CallOptions.DEFAULT.withExecutor(Runnable::run);
    // A ClientCall may not be cancelled by another thread than the one that uses it; the context in
    // which it was made may.
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
   * @return the message; null once this stream was closed
   * @throws LavalierException where the server ended the stream, or is gone
   */
  R take() throws LavalierException {
    if (endStatus == null && !closed) {
      try {
        Received<R> next = received.take();
        if (next.message() != null && !closed) {
          call.request(1);
          arrivedNanos = next.arrivedNanos();
          return next.message();
        }
        endStatus = next.status();
      } catch (InterruptedException e) {
        close();
        Thread.currentThread().interrupt();
      }
    }
    if (closed) {
      return null;
    }
    throw server.exception(endStatus);
  }

  /** Returns when the message taken last had arrived. */
  long arrivedNanos() {
    return arrivedNanos;
  }

  /** Ends the call and releases who takes. */
  @Override
  public void close() {
    closed = true;
    context.cancel(null);
    received.add(new Received<>(null, Status.CANCELLED, 0)); // whatever the transport does
  }

  /** Called by the transport; hands on and returns. */
  private final class Listener extends ClientCall.Listener<R> {
    @Override
    public void onHeaders(Metadata headers) {
      server.markResponded();
    }

    @Override
    public void onMessage(R message) {
      received.add(new Received<>(message, null, nanoTime.getAsLong()));
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      received.add(new Received<>(null, status, 0));
    }
  }
}
