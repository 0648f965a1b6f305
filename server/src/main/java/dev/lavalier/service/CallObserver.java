package dev.lavalier.service;

/**
 * Keeps count of what clients do: told on the transport's threads, several at once; must neither
 * block nor throw.
 */
public interface CallObserver {

  /** Keeps none. */
  CallObserver NONE = new CallObserver() {};

  /** A client has connected. */
  default void onConnected() {}

  /** A client's connection is over. */
  default void onDisconnected() {}

  /**
   * A call has begun.
   *
   * @param method {@code service/method}, one that this server has
   */
  default void onCallStarted(String method) {}

  /**
   * A call is over.
   *
   * @param method as when it began; {@code unknown} if this server has no such method
   * @param code the name of the status that it ended with
   */
  default void onCallEnded(String method, String code) {}
}
