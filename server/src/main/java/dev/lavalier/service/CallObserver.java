package dev.lavalier.service;

/**
 * Observes connections and calls, for example to count them. The methods are called on the threads
 * of the transport, concurrently. They must not block or throw.
 */
public interface CallObserver {

  /** An observer that does nothing. */
  CallObserver NONE = new CallObserver() {};

  /** Called when a client has connected. */
  default void onConnected() {}

  /** Called when the connection of a client has ended. */
  default void onDisconnected() {}

  /**
   * Called when a call has started.
   *
   * @param method {@code service/method}, which this server has
   */
  default void onCallStarted(String method) {}

  /**
   * Called when a call has ended.
   *
   * @param method the same as at the start; {@code unknown} if this server has no such method
   * @param code the name of the status code
   */
  default void onCallEnded(String method, String code) {}
}
