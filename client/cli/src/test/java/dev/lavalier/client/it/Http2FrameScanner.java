package dev.lavalier.client.it;

/**
 * Finds the HTTP/2 frames in the bytes of one direction of a connection, which come in parts of any
 * length. Used by one thread.
 */
final class Http2FrameScanner implements LoopbackProxy.Observer {

  /** The type of a PING frame. */
  static final int PING = 6;

  /** The type of a GOAWAY frame. */
  static final int GOAWAY = 7;

  /** The flag of a PING that answers another one. */
  static final int ACK = 1;

  /** Is called for each frame, when its header is complete. */
  interface Listener {
    /** Is called with the type and the flags of a frame. */
    void onFrame(int type, int flags);
  }

  private static final int PREFACE_BYTES = 24;
  private static final int HEADER_BYTES = 9;

  private final Listener listener;
  private final byte[] header = new byte[HEADER_BYTES];
  private int headerBytes;
  private int skippedBytes; // still to come that are not of a header

  private Http2FrameScanner(int skippedBytes, Listener listener) {
    this.skippedBytes = skippedBytes;
    this.listener = listener;
  }

  /** Creates a scanner of what a client sends. */
  static Http2FrameScanner ofClient(Listener listener) {
    return new Http2FrameScanner(PREFACE_BYTES, listener);
  }

  /** Creates a scanner of what a server sends. */
  static Http2FrameScanner ofServer(Listener listener) {
    return new Http2FrameScanner(0, listener);
  }

  @Override
  public void onBytes(byte[] part, int length) {
    int at = 0;
    while (at < length) {
      if (skippedBytes > 0) {
        int skipped = Math.min(skippedBytes, length - at);
        skippedBytes -= skipped;
        at += skipped;
        continue;
      }
      header[headerBytes++] = part[at++];
      if (headerBytes == HEADER_BYTES) {
        headerBytes = 0;
        skippedBytes = (header[0] & 0xff) << 16 | (header[1] & 0xff) << 8 | (header[2] & 0xff);
        listener.onFrame(header[3], header[4]);
      }
    }
  }
}
