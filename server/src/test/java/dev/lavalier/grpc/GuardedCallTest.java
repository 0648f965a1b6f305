package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests a call that an interceptor ends. */
final class GuardedCallTest {

  private final RecordingCall transport = new RecordingCall();
  private final GuardedCall<String, String> call = new GuardedCall<>(transport);

  /** Records how the call was closed. */
  private static final class RecordingCall extends ServerCall<String, String> {

    private final List<Status.Code> closed = new ArrayList<>();
    private final List<String> sent = new ArrayList<>();

    @Override
    public void request(int messages) {}

    @Override
    public void sendHeaders(Metadata headers) {}

    @Override
    public void sendMessage(String message) {
      sent.add(message);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      closed.add(status.getCode());
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public MethodDescriptor<String, String> getMethodDescriptor() {
      throw new AssertionError("not needed");
    }
  }

  private static StreamException reason() {
    return new StreamException(Reason.NOT_AUTHENTICATED, "token: revoked");
  }

  @Test
  void callThatIsEndedSendsNothingMoreAndClosesOnce() {
    var unused = call.guard(new ServerCall.Listener<String>() {});
    call.sendMessage("before");
    call.end(reason());
    call.sendMessage("after");
    call.close(Status.OK, new Metadata());
    call.end(reason());
    assertThat(transport.sent).containsExactly("before");
    assertThat(transport.closed).containsExactly(Status.Code.UNAUTHENTICATED);
  }

  @Test
  void callEndsAlsoIfItsServiceFails() {
    var unused =
        call.guard(
            new ServerCall.Listener<String>() {
              @Override
              public void onCancel() {
                throw new IllegalStateException("simulated");
              }
            });
    assertThatIllegalStateException().isThrownBy(() -> call.end(reason()));
    assertThat(transport.closed).containsExactly(Status.Code.UNAUTHENTICATED);
  }
}
