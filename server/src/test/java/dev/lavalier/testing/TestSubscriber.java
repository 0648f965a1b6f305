package dev.lavalier.testing;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One StreamFrames call that receives only the messages that the test requests; at first none.
 * Methods that wait do so for at most 10 s. Safe for use by any thread.
 */
public final class TestSubscriber {

  private static final long TIMEOUT_SECONDS = 10;

  private final ClientCall<?, StreamFramesResponse> call;
  private final BlockingQueue<StreamFramesResponse> messages = new LinkedBlockingQueue<>();
  private final CompletableFuture<Status> status = new CompletableFuture<>();
  private final AtomicInteger received = new AtomicInteger();

  /** Starts a call and receives its responses. The caller sends the requests. */
  TestSubscriber(ClientCall<?, StreamFramesResponse> call) {
    this.call = call;
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(StreamFramesResponse message) {
            received.incrementAndGet();
            messages.add(message);
          }

          @Override
          public void onClose(Status closed, Metadata trailers) {
            status.complete(closed);
          }
        },
        new Metadata());
  }

  /** Subscribes, without requesting messages. */
  public static TestSubscriber subscribe(Channel channel, StreamFramesRequest request) {
    return subscribe(channel, CallOptions.DEFAULT, request);
  }

  /** Subscribes with call options, such as a deadline, without requesting messages. */
  public static TestSubscriber subscribe(
      Channel channel, CallOptions options, StreamFramesRequest request) {
    ClientCall<StreamFramesRequest, StreamFramesResponse> call =
        channel.newCall(AudioCaptureGrpc.getStreamFramesMethod(), options);
    TestSubscriber subscriber = new TestSubscriber(call);
    call.sendMessage(request);
    call.halfClose();
    return subscriber;
  }

  /** Requests {@code count} more messages. */
  public TestSubscriber request(int count) {
    call.request(count);
    return this;
  }

  /** Requests all messages from now on. */
  public TestSubscriber requestAll() {
    return request(Integer.MAX_VALUE);
  }

  /** Cancels the call. */
  public void cancel() {
    call.cancel("enough", null);
  }

  /** Returns the next message. */
  public StreamFramesResponse next() throws InterruptedException, TimeoutException {
    StreamFramesResponse message = messages.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    if (message == null) {
      throw new TimeoutException("no message; status " + status.getNow(null));
    }
    return message;
  }

  /** Returns the next message, which must be {@code started}. */
  public StreamStarted nextStarted() throws InterruptedException, TimeoutException {
    StreamFramesResponse message = next();
    if (!message.hasStarted()) {
      throw new AssertionError("expected started, got " + message);
    }
    return message.getStarted();
  }

  /** Returns the next message, which must be a frame. */
  public AudioFrame nextFrame() throws InterruptedException, TimeoutException {
    StreamFramesResponse message = next();
    if (!message.hasFrame()) {
      throw new AssertionError("expected a frame, got " + message);
    }
    return message.getFrame();
  }

  /** Returns the next {@code count} frames. */
  public List<AudioFrame> nextFrames(int count) throws InterruptedException, TimeoutException {
    List<AudioFrame> frames = new ArrayList<>();
    while (frames.size() < count) {
      frames.add(nextFrame());
    }
    return frames;
  }

  /**
   * Waits until the first response or the end of the call. Returns the status if the call has
   * ended, else null.
   */
  public Status awaitStartOrStatus() throws TimeoutException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    while (received.get() == 0 && !status.isDone()) {
      if (System.nanoTime() > end) {
        throw new TimeoutException("no answer");
      }
      Thread.onSpinWait();
    }
    return received.get() == 0 ? status.join() : null;
  }

  /** Returns the number of received messages that the test has not taken. */
  public int waiting() {
    return messages.size();
  }

  /** Returns the number of messages received so far. */
  public int received() {
    return received.get();
  }

  /** Waits until {@code count} messages have been received. */
  public void awaitReceived(int count) throws TimeoutException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    while (received.get() < count) {
      if (System.nanoTime() > end) {
        throw new TimeoutException(received + " messages (expected: " + count + ")");
      }
      Thread.onSpinWait();
    }
  }

  /** Waits for the end of the call, and returns its status. */
  public Status awaitStatus() throws InterruptedException, TimeoutException {
    try {
      return status.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException e) {
      throw new AssertionError(e);
    }
  }
}
