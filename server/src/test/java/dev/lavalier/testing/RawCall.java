package dev.lavalier.testing;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A call whose requests are arbitrary bytes, valid messages of the method or not. */
public final class RawCall extends ClientCall.Listener<byte[]> {

  private static final long TIMEOUT_SECONDS = 20;

  private final ClientCall<byte[], byte[]> call;
  private final CompletableFuture<Status> end = new CompletableFuture<>();
  private final CompletableFuture<Boolean> answer = new CompletableFuture<>();

  private RawCall(ClientCall<byte[], byte[]> call) {
    this.call = call;
  }

  /** Starts a call, and receives every response. */
  public static RawCall start(Channel channel, MethodDescriptor<?, ?> method) {
    RawCall call =
        new RawCall(
            channel.newCall(
                method.toBuilder(Bytes.AS_THEY_ARE, Bytes.AS_THEY_ARE).build(),
                CallOptions.DEFAULT));
    call.call.start(call, new Metadata());
    call.call.request(Integer.MAX_VALUE);
    return call;
  }

  /** Sends bytes as a request. */
  public RawCall send(byte[] request) {
    call.sendMessage(request);
    return this;
  }

  /** Signals that there are no more requests. */
  public RawCall halfClose() {
    call.halfClose();
    return this;
  }

  /** Cancels the call. */
  public void cancel() {
    call.cancel("enough", null);
  }

  @Override
  public void onMessage(byte[] message) {
    answer.complete(true);
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    end.complete(status);
    answer.complete(false);
  }

  /** Waits for a response; returns false if the call ends without one. */
  public boolean isAnswered() throws TimeoutException, InterruptedException {
    return await(answer);
  }

  /** Returns whether the call has ended. */
  public boolean hasEnded() {
    return end.isDone();
  }

  /** Waits for the end of the call, and returns its status. */
  public Status status() throws TimeoutException, InterruptedException {
    return await(end);
  }

  private static <T> T await(CompletableFuture<T> future)
      throws TimeoutException, InterruptedException {
    try {
      return future.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError(e); // the futures are never completed exceptionally
    }
  }

  /** Passes messages through as bytes. */
  private enum Bytes implements MethodDescriptor.Marshaller<byte[]> {
    AS_THEY_ARE;

    @Override
    public InputStream stream(byte[] message) {
      return new ByteArrayInputStream(message);
    }

    @Override
    public byte[] parse(InputStream in) {
      try {
        return in.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
