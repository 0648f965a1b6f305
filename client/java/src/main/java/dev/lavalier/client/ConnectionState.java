package dev.lavalier.client;

/** The state of the connection of a {@link FrameStream}. */
public enum ConnectionState {
  /** The stream connects, and waits until the server has opened the device. */
  CONNECTING,
  /** The server has opened the device and sends frames. */
  READY,
  /**
   * The connection was lost, an attempt to connect has failed, or the server ended the stream. If
   * the stream reconnects ({@link StreamOptions#reconnect}), the next attempt follows after a
   * pause, while the program reads the stream or its publisher has requested frames. Otherwise, the
   * next read throws.
   */
  DISCONNECTED,
  /** The program closed the stream, or the stream has thrown the reason for its end. Final. */
  CLOSED
}
