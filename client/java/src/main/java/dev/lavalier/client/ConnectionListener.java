package dev.lavalier.client;

/** Receives the states of the connections of a client's streams. */
@FunctionalInterface
public interface ConnectionListener {

  /**
   * Reports a new state. The calls for one stream do not overlap. They run on the thread that
   * changes the state: a thread of the transport, the reading thread, or the one that opens or
   * closes the stream. So they should not block: a state that has changed again meanwhile is left
   * out. An exception goes to the thread's handler for uncaught exceptions and has no other effect.
   *
   * @param stream the stream; {@link FrameStream#start} is available from {@link
   *     ConnectionState#READY} on
   */
  void onConnectionState(FrameStream stream, ConnectionState state);
}
