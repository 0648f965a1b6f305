package dev.lavalier.grpc;

import dev.lavalier.service.CallObserver;
import io.grpc.Attributes;
import io.grpc.ServerTransportFilter;
import org.jspecify.annotations.Nullable;

/** Reports connections to a {@link CallObserver}. The transport calls it on its own threads. */
final class ConnectionCounter extends ServerTransportFilter {

  private final CallObserver observer;

  ConnectionCounter(CallObserver observer) {
    this.observer = observer;
  }

  @Override
  public Attributes transportReady(Attributes attributes) {
    observer.onConnected();
    return attributes;
  }

  @Override
  public void transportTerminated(@Nullable Attributes attributes) {
    if (attributes != null) { // null: the handshake failed
      observer.onDisconnected();
    }
  }
}
