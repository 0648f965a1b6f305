package dev.lavalier.grpc;

import dev.lavalier.common.StreamException;
import dev.lavalier.netty.PeerEventLog;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Logs a call that ended because it exceeded a limit of the transport, of {@link
 * RequestLimitInterceptor} or of the hub. Each tracer is used for one call.
 */
final class LimitTracer extends ServerStreamTracer {

  private final PeerEventLog log;
  private @Nullable SocketAddress peer; // null: the call has not started

  private LimitTracer(PeerEventLog log) {
    this.log = log;
  }

  static ServerStreamTracer.Factory factory(PeerEventLog log) {
    return new ServerStreamTracer.Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return new LimitTracer(log);
      }
    };
  }

  @Override
  public void serverCallStarted(ServerCallInfo<?, ?> call) {
    peer = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
  }

  @Override
  public void streamClosed(Status status) {
    if (exceedsLimit(status)) {
      log.log(PeerEventLog.Cause.LIMIT_EXCEEDED, peer, status.getDescription());
    }
  }

  /**
   * Returns whether a status means that the call exceeded a limit. DEADLINE_EXCEEDED comes only
   * from this server's own limit: a call that passes the deadline of its client is cancelled.
   */
  private static boolean exceedsLimit(Status status) {
    return switch (status.getCode()) {
      case RESOURCE_EXHAUSTED ->
          !(status.getCause() instanceof StreamException e)
              || e.reason() == StreamException.Reason.LIMIT_REACHED;
      case DEADLINE_EXCEEDED -> true;
      default -> false;
    };
  }
}
