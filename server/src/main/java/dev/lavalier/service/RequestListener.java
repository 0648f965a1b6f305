package dev.lavalier.service;

/**
 * One call in progress whose peer sends more than one message. {@link #onMessage} and {@link
 * #onHalfClose} are called one at a time, in order.
 *
 * @param <T> the messages of the peer
 */
public interface RequestListener<T> extends CallListener {

  /** The peer has sent a message. */
  void onMessage(T message);

  /** The peer sends no more messages. */
  void onHalfClose();
}
