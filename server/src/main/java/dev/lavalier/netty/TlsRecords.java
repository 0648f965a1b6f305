package dev.lavalier.netty;

import io.netty.util.concurrent.FastThreadLocal;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;

/**
 * Encrypts messages with the engines of connections, into buffers that all connections of an event
 * loop share. Each instance is used only on its event loop.
 */
final class TlsRecords {

  private static final int MAX_MESSAGE_RECORDS = 2; // 16 KiB of payload and a header
  private static final int MAX_KEY_UPDATE_RECORDS = 1;

  private static final FastThreadLocal<TlsRecords> OF_LOOP =
      new FastThreadLocal<>() {
        @Override
        protected TlsRecords initialValue() {
          return new TlsRecords();
        }
      };

  // Engines encrypt in an array faster than in a direct buffer, and the socket takes direct ones.
  private ByteBuffer encrypted = ByteBuffer.allocate(0);
  private ByteBuffer records = ByteBuffer.allocate(0);

  private TlsRecords() {}

  /** Returns the instance of the current event loop. */
  static TlsRecords ofLoop() {
    return OF_LOOP.get();
  }

  /**
   * Encrypts as much as the engine takes now.
   *
   * @param message afterwards, its remaining bytes are those that the engine did not take
   * @return a direct buffer with the records before its position, valid until the next call
   */
  ByteBuffer encrypt(ByteBuffer message, SSLEngine engine) {
    int maxRecordBytes = engine.getSession().getPacketBufferSize();
    makeRoom(maxRecordBytes);
    records.clear();
    boolean taken = true;
    while (taken && message.hasRemaining() && records.remaining() >= maxRecordBytes) {
      taken = encryptRecord(message, engine);
      records.put(encrypted.flip());
    }
    return records;
  }

  private boolean encryptRecord(ByteBuffer message, SSLEngine engine) {
    try {
      SSLEngineResult result = engine.wrap(message, encrypted.clear());
      return result.getStatus() == Status.OK && result.bytesProduced() > 0;
    } catch (SSLException e) {
      encrypted.clear();
      return false; // the handler fails in the same way, and closes the connection
    }
  }

  private void makeRoom(int maxRecordBytes) {
    if (encrypted.capacity() < maxRecordBytes) {
      encrypted = ByteBuffer.allocate(maxRecordBytes);
      records =
          ByteBuffer.allocateDirect(
              (MAX_MESSAGE_RECORDS + MAX_KEY_UPDATE_RECORDS) * maxRecordBytes);
    }
  }
}
