package dev.lavalier.service;

import dev.lavalier.common.StreamException;

/**
 * The sending side of one call. A transport implements it: gRPC, or a test.
 *
 * <p>One thread at a time calls it. Until the call has subscribed, this is the thread that starts
 * the call or passes a message to its listener. From then on, it is the {@link
 * dev.lavalier.hub.DeliveryLoop} of the call. No method blocks. After {@link #complete} or {@link
 * #fail}, no method is called. After the transport has ended the call (see {@link
 * CallListener#onCancel}), the methods may still be called for a short time, and must do nothing.
 */
public interface CallSink {

  /**
   * Sets how many bytes can wait to be sent before {@link #isReady} returns false. It is called at
   * most once, before the first message. It limits the data that can no longer be dropped, so a
   * transport can choose a smaller value.
   *
   * @param bytes 1 or more; 1: a message is sent only if no other message waits
   * @param together whether several messages usually become due at once, so that a transport should
   *     write them together
   */
  void setReadyThreshold(int bytes, boolean together);

  /**
   * Requests the next message of the peer, in a call whose peer can send more than one. The
   * transport passes only requested messages to the listener, and does not read further ones. It
   * can pass a message before this method returns.
   */
  void requestMessage();

  /**
   * Returns whether the transport sends the next message without delay. After it has returned
   * false, the transport calls {@link CallListener#onReady} when it becomes true.
   */
  boolean isReady();

  /**
   * Sends a message, whether the sink is ready or not.
   *
   * @param message an encoded message of the contract. Other calls can get the same array, so the
   *     sink must not change it. No caller changes it either, so the sink can send it without a
   *     copy
   */
  void send(byte[] message);

  /**
   * Returns whether no message waits for a further task of the transport: each was sent, or waits
   * only for the peer. If false, the transport sends after the current task.
   */
  default boolean isFlushed() {
    return false;
  }

  /** Ends the call successfully, after the messages sent so far. */
  void complete();

  /** Ends the call with the status of a reason; see {@link StatusCode}. */
  void fail(StreamException reason);
}
