package dev.lavalier.netty;

import io.netty.channel.ChannelConfig;

/**
 * The reads of one connection: how much time they have taken, and whether they pause. Used only on
 * the event loop of the connection.
 */
final class ConnectionReads {

  /** How far a connection that sends little is ahead of those that send much. */
  private static final long MAX_LEAD_NANOS = 10_000_000;

  private int pauses;
  private long virtualNanos;

  /** Stops reading from the socket, until each pause is over. */
  void pause(ChannelConfig config) {
    pauses++;
    config.setAutoRead(false);
  }

  /** Returns whether nothing is to be read from the socket. */
  boolean isPaused() {
    return pauses > 0;
  }

  /** Ends a pause. */
  void resume(ChannelConfig config) {
    pauses--;
    if (pauses == 0) {
      config.setAutoRead(true);
    }
  }

  /**
   * Returns the virtual time at which the next turn of this connection starts: the end of its last
   * turn, but at most 10 ms before {@code now}. So a pause gives it a lead, but no long burst.
   */
  long startOfTurn(long now) {
    virtualNanos = Math.max(virtualNanos, now - MAX_LEAD_NANOS);
    return virtualNanos;
  }

  /** Records the time that a turn or a part of one has taken. */
  void use(long nanos) {
    virtualNanos += nanos;
  }
}
