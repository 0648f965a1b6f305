package dev.lavalier.client;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The streams of a client that are not closed, and the listener for their connections. Safe for use
 * from any thread.
 */
final class OpenStreams implements FrameStream.Owner, AutoCloseable {

  private final Set<FrameStream> streams = ConcurrentHashMap.newKeySet();
  private volatile ConnectionListener listener = (stream, state) -> {};
  private volatile boolean closed;

  void onConnectionState(ConnectionListener next) {
    listener = next;
  }

  @Override
  public void opening(FrameStream stream) {
    streams.add(stream);
    if (closed) { // by another thread since
      stream.close();
    }
  }

  @Override
  public void closed(FrameStream stream) {
    streams.remove(stream);
  }

  @Override
  public void connectionChanged(FrameStream stream, ConnectionState state) {
    listener.onConnectionState(stream, state);
  }

  /** Closes all streams, and each that is opened later. */
  @Override
  public void close() {
    closed = true;
    streams.forEach(FrameStream::close);
  }
}
