package dev.lavalier.grpc;

import dev.lavalier.service.CallObserver;
import io.grpc.Attributes;
import io.grpc.ServerTransportFilter;

/** Tells of connections. */
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
  public void transportTerminated(Attributes attributes) {
    if (attributes != null) { // else it never was ready: its handshake failed
      observer.onDisconnected();
    }
  }
}
