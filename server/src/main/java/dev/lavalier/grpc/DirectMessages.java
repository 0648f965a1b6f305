package dev.lavalier.grpc;

import dev.lavalier.netty.DataFrame;
import dev.lavalier.netty.DirectStream;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * Puts the messages of gRPC calls into DATA frames, for direct sending. The calls of an event loop
 * share one instance, so the frame for a message that many of them get is made once. Used only on
 * its event loop.
 */
final class DirectMessages {

  /** What gRPC puts before a message: whether it is compressed, and its length. */
  private static final int PREFIX_BYTES = 5;

  private static final FastThreadLocal<DirectMessages> OF_LOOP =
      new FastThreadLocal<>() {
        @Override
        protected DirectMessages initialValue() {
          return new DirectMessages();
        }
      };

  private final DataFrame frame = new DataFrame();
  private byte @Nullable [] framed; // the message in the frame; null: none yet

  private DirectMessages() {}

  /** Returns the instance of the current event loop. */
  static DirectMessages ofLoop() {
    return OF_LOOP.get();
  }

  /**
   * Sends a message to a stream now, if that is possible. Call it only while gRPC has nothing
   * queued for the stream.
   *
   * @param message never changes, because the frame is made only once
   * @return whether it was sent; if not, gRPC must send it
   */
  boolean send(byte[] message, DirectStream stream) {
    int payloadBytes = PREFIX_BYTES + message.length;
    if (payloadBytes > DataFrame.MAX_PAYLOAD_BYTES) {
      return false;
    }
    if (message != framed) {
      framed = message;
      frame.start(payloadBytes).put((byte) 0).putInt(message.length).put(message);
    }
    return stream.send(frame);
  }
}
