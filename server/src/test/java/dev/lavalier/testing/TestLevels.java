package dev.lavalier.testing;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioLevels;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.StreamLevelsResponse;
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

/**
 * One StreamLevels call that receives only the messages that the test requests; at first none.
 * Methods that wait do so for at most 10 s. Safe for use by any thread.
 */
public final class TestLevels {

  private static final long TIMEOUT_SECONDS = 10;

  private final ClientCall<StreamLevelsRequest, StreamLevelsResponse> call;
  private final BlockingQueue<StreamLevelsResponse> messages = new LinkedBlockingQueue<>();
  private final CompletableFuture<Status> status = new CompletableFuture<>();

  /** Subscribes, without requesting messages. */
  public TestLevels(Channel channel, StreamLevelsRequest request) {
    call = channel.newCall(AudioCaptureGrpc.getStreamLevelsMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(StreamLevelsResponse message) {
            messages.add(message);
          }

          @Override
          public void onClose(Status closed, Metadata trailers) {
            status.complete(closed);
          }
        },
        new Metadata());
    call.sendMessage(request);
    call.halfClose();
  }

  /** Requests {@code count} more messages. */
  public TestLevels request(int count) {
    call.request(count);
    return this;
  }

  /** Requests all messages from now on. */
  public TestLevels requestAll() {
    return request(Integer.MAX_VALUE);
  }

  /** Cancels the call. */
  public void cancel() {
    call.cancel("enough", null);
  }

  /** Returns the next message. */
  public StreamLevelsResponse next() throws InterruptedException, TimeoutException {
    StreamLevelsResponse message = messages.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    if (message == null) {
      throw new TimeoutException("no message; status " + status.getNow(null));
    }
    return message;
  }

  /** Returns the next message, which must be {@code started}. */
  public StreamStarted nextStarted() throws InterruptedException, TimeoutException {
    StreamLevelsResponse message = next();
    if (!message.hasStarted()) {
      throw new AssertionError("expected started, got " + message);
    }
    return message.getStarted();
  }

  /** Returns the next message, which must be the levels of an interval. */
  public AudioLevels nextLevels() throws InterruptedException, TimeoutException {
    StreamLevelsResponse message = next();
    if (!message.hasLevels()) {
      throw new AssertionError("expected levels, got " + message);
    }
    return message.getLevels();
  }

  /** Returns the levels of the next {@code count} intervals. */
  public List<AudioLevels> nextLevels(int count) throws InterruptedException, TimeoutException {
    List<AudioLevels> levels = new ArrayList<>();
    while (levels.size() < count) {
      levels.add(nextLevels());
    }
    return levels;
  }

  /** Waits for the end of the call and returns its status. */
  public Status status() throws Exception {
    return status.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }
}
