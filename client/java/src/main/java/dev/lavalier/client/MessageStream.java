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
import org.jspecify.annotations.Nullable;

/**
 * A server-streaming call whose messages are pulled. At most {@value #PREFETCH} messages wait here.
 *
 * <p>One thread takes messages; {@link #close} may be called from any thread, more than once.
 */
final class MessageStream<Q, R> implements AutoCloseable {

  static final int PREFETCH = 4;

  /** A message, or the final status. Exactly one of the two is null. */
  private record Received<R>(@Nullable R message, @Nullable Status status, long arrivedNanos) {}

  private final Endpoint server;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final ClientCall<Q, R> call;
  private final BlockingQueue<Received<R>> received = new LinkedBlockingQueue<>();
  private final LongSupplier nanoTime;

  private volatile boolean closed;
  // Used only by the taking thread.
  private @Nullable Status endStatus; // null: the call has not ended
  private long arrivedNanos;

  /**
   * Starts the call.
   *
   * @param server the endpoint, for errors
   * @param nanoTime the clock for arrival times
   */
  MessageStream(
      Channel channel,
      MethodDescriptor<Q, R> method,
      Q request,
      Endpoint server,
      LongSupplier nanoTime) {
    this.server = server;
    this.nanoTime = nanoTime;
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
   * @throws LavalierException if the server ended the stream or the connection is lost
   */
  @Nullable R take() throws LavalierException {
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

  /** Returns the arrival time of the last taken message, by the clock of the constructor. */
  long arrivedNanos() {
    return arrivedNanos;
  }

  /** Ends the call and releases the taking thread. */
  @Override
  public void close() {
    closed = true;
    context.cancel(null);
    received.add(new Received<>(null, Status.CANCELLED, 0)); // does not depend on the transport
  }

  /** The transport calls it; it queues messages and does not block. */
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
