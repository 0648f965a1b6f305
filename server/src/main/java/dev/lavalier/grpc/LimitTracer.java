package dev.lavalier.grpc;

import dev.lavalier.common.StreamException;
import dev.lavalier.netty.PeerEventLog;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.net.SocketAddress;

/**
 * Logs a call that ended because it went beyond a limit, of the transport, of {@link
 * RequestLimitInterceptor} or of the hub. Used for one call only.
 */
final class LimitTracer extends ServerStreamTracer {

  private final PeerEventLog log;
  private SocketAddress peer; // null: the call has not started

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
   * Of those, only we say DEADLINE_EXCEEDED: what passed the caller's own deadline is cancelled.
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
