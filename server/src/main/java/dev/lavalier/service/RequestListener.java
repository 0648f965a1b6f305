package dev.lavalier.service;

/**
 * Receives the events of one call whose peer can send more than one message. {@link #onMessage} and
 * {@link #onHalfClose} are called one at a time, in order.
 *
 * @param <T> the type of the messages of the peer
 */
public interface RequestListener<T> extends CallListener {

  /** Called when the peer has sent a message that was requested from the sink. */
  void onMessage(T message);

  /** Called when the peer sends no more messages. */
  void onHalfClose();
}
