package dev.lavalier.netty;

import java.nio.ByteBuffer;

/**
 * The bytes of one DATA frame of HTTP/2. Only the id of the stream differs between the streams that
 * get the same frame, so an event loop makes the bytes once and sends them many times. Used only on
 * one thread.
 */
public final class DataFrame {

  /** The maximum size of the payload: every peer accepts as much in one frame. */
  public static final int MAX_PAYLOAD_BYTES = 16_384;

  private static final int HEADER_BYTES = 9;
  private static final int STREAM_ID = 5; // its place in the header

  private final ByteBuffer bytes = ByteBuffer.allocateDirect(HEADER_BYTES + MAX_PAYLOAD_BYTES);

  /**
   * Starts a new frame, in place of the last one.
   *
   * @param payloadBytes the size of the payload, {@link #MAX_PAYLOAD_BYTES} at most
   * @return the buffer, in which the caller puts exactly that many bytes
   */
  public ByteBuffer start(int payloadBytes) {
    return bytes
        .clear()
        .put((byte) (payloadBytes >> 16))
        .putShort((short) payloadBytes)
        .putShort((short) 0) // the type DATA, without flags
        .putInt(0); // the stream
  }

  /** Returns the size of the payload, which counts against the windows of the peer. */
  int payloadBytes() {
    return bytes.position() - HEADER_BYTES;
  }

  /** Returns the frame for a stream: the bytes before the position of the buffer. */
  ByteBuffer forStream(int id) {
    return bytes.putInt(STREAM_ID, id);
  }
}
