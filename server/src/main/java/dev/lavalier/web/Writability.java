package dev.lavalier.web;

import io.netty.channel.Channel;
import io.netty.channel.WriteBufferWaterMark;

/** Sets when a connection is writable. Used only on the event loop of the connection. */
final class Writability {

  private Writability() {}

  /**
   * Makes a connection writable only while less than a number of bytes wait to be sent.
   *
   * @param bytes 1 or more
   */
  static void set(Channel connection, int bytes) {
    int mark = Math.max(1, bytes - 1); // netty: writable below it, not writable above it
    connection.config().setWriteBufferWaterMark(new WriteBufferWaterMark(mark, mark));
  }
}
