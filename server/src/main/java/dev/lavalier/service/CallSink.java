package dev.lavalier.service;

import dev.lavalier.common.StreamException;

/**
 * The sending side of one call. A transport implements it: gRPC, or a test.
 *
 * <p>One thread calls it at a time: until the call has subscribed, the thread that starts the call
 * or gives its listener a message, and from then on the call's {@link
 * dev.lavalier.hub.DeliveryLoop}. No method blocks. After {@link #complete} or {@link #fail}
 * nothing more is called. After the transport has ended the call, see {@link
 * CallListener#onCancel}, a sink may still be called for a short while: it ignores what it is given
 * then.
 */
public interface CallSink {

  /**
   * Sets how many bytes may wait to be sent before {@link #isReady} turns false. It is called at
   * most once, before the first message. It bounds what can no longer be dropped, so a transport
   * may choose a smaller value.
   *
   * @param bytes 1 or more; 1: a message is sent only when no other one waits
   */
  void setReadyThreshold(int bytes);

  /**
   * Returns whether a message that is sent now is on its way at once. After it has returned false,
   * the transport calls {@link CallListener#onReady} when it turns true.
   */
  boolean isReady();

  /**
   * Sends a message, whether the sink is ready or not.
   *
   * @param message a message of the contract, encoded. Other calls may be given the same array, so
   *     that the sink must not change it, and may send it without a copy
   */
  void send(byte[] message);

  /** Ends the call successfully, after the messages so far. */
  void complete();

  /** Ends the call with the status of a reason, see {@link StatusCode}. */
  void fail(StreamException reason);
}
