package dev.lavalier.netty;

import io.netty.channel.ChannelConfig;

/**
 * Stops reading from the socket of one connection while one of its handlers has enough. Used only
 * on the event loop of the connection.
 */
final class ReadPauses {

  private int pauses;

  /** Stops reading, until each pause is over. */
  void begin(ChannelConfig config) {
    pauses++;
    config.setAutoRead(false);
  }

  /** Ends a pause. */
  void end(ChannelConfig config) {
    pauses--;
    if (pauses == 0) {
      config.setAutoRead(true);
    }
  }
}
