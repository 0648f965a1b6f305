package dev.lavalier.junit;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The calls of a channel that receive audio or levels, and whether all of them wait for the server.
 * A call waits if it has as many outstanding requests for messages as it ever had: a client
 * requests another message when its reader takes one. Safe for use from any thread.
 */
final class AudioCalls implements ClientInterceptor {

  private static final Set<String> METHODS = Set.of("StreamFrames", "PullFrames", "StreamLevels");

  private final Set<Credit> calls = new HashSet<>(); // guarded by this

  /** The requests of one call for messages. Guarded by the object around it. */
  private static final class Credit {
    boolean started; // the server can begin
    int outstanding;
    int most;

    boolean isWaiting() {
      return started && outstanding == most;
    }
  }

  /** Waits until there are calls, and all of them wait. */
  synchronized void awaitAllWaiting() throws InterruptedException {
    while (calls.isEmpty() || !calls.stream().allMatch(Credit::isWaiting)) {
      wait();
    }
  }

  private synchronized void change(Runnable change) {
    change.run();
    notifyAll();
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    ClientCall<Q, R> call = next.newCall(method, options);
    return METHODS.contains(String.valueOf(method.getBareMethodName()))
        ? new CountedCall<>(call, method.getType() == MethodType.SERVER_STREAMING)
        : call;
  }

  private final class CountedCall<Q, R> extends SimpleForwardingClientCall<Q, R> {
    private final Credit credit = new Credit();
    private final boolean startsAtHalfClose;

    CountedCall(ClientCall<Q, R> call, boolean startsAtHalfClose) {
      super(call);
      this.startsAtHalfClose = startsAtHalfClose;
    }

    @Override
    public void start(Listener<R> listener, Metadata headers) {
      change(() -> calls.add(credit));
      super.start(
          new SimpleForwardingClientCallListener<>(listener) {
            @Override
            public void onMessage(R message) {
              change(() -> credit.outstanding--);
              super.onMessage(message);
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
              change(() -> calls.remove(credit));
              super.onClose(status, trailers);
            }
          },
          headers);
    }

    @Override
    public void request(int count) {
      change(
          () -> {
            credit.outstanding += count;
            credit.most = Math.max(credit.most, credit.outstanding);
          });
      super.request(count);
    }

    @Override
    public void sendMessage(Q message) {
      super.sendMessage(message);
      if (!startsAtHalfClose) {
        change(() -> credit.started = true);
      }
    }

    @Override
    public void halfClose() {
      super.halfClose();
      change(() -> credit.started = true);
    }

    @Override
    public void cancel(@Nullable String message, @Nullable Throwable cause) {
      change(() -> calls.remove(credit));
      super.cancel(message, cause);
    }
  }
}
