package dev.lavalier.web;

import dev.lavalier.netty.DirectSocket;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Makes binary frames of WebSocket, for direct sending. The calls of an event loop share one
 * instance, so the frame for a message that many of them get is made once. Used only on its event
 * loop.
 */
final class DirectFrames {

  /** Larger messages are rare, and take longer to copy than the ordinary path costs. */
  static final int MAX_MESSAGE_BYTES = 16_384;

  private static final int MAX_HEADER_BYTES = 4;
  private static final int FINAL_BINARY = 0x82;
  private static final int MAX_SHORT_LENGTH = 125;
  private static final int LENGTH_IN_TWO_BYTES = 126;

  private static final FastThreadLocal<DirectFrames> OF_LOOP =
      new FastThreadLocal<>() {
        @Override
        protected DirectFrames initialValue() {
          return new DirectFrames();
        }
      };

  private final ByteBuffer frame = ByteBuffer.allocateDirect(MAX_HEADER_BYTES + MAX_MESSAGE_BYTES);
  private byte @Nullable [] framed; // the message in the frame; null: none yet

  private DirectFrames() {}

  /** Returns the instance of the current event loop. */
  static DirectFrames ofLoop() {
    return OF_LOOP.get();
  }

  /**
   * Sends a message now, if it is not too large, and no byte of the connection is unsent. Call it
   * only while no handler of the connection holds bytes.
   *
   * @param message never changes, because the frame is made only once
   * @return whether it was sent
   */
  boolean send(byte[] message, DirectSocket socket) {
    if (message.length > MAX_MESSAGE_BYTES || !socket.isIdle()) {
      return false;
    }
    if (message != framed) {
      framed = message;
      frame.clear().put((byte) FINAL_BINARY);
      if (message.length <= MAX_SHORT_LENGTH) {
        frame.put((byte) message.length);
      } else {
        frame.put((byte) LENGTH_IN_TWO_BYTES).putShort((short) message.length);
      }
      frame.put(message);
    }
    socket.send(frame);
    return true;
  }
}
