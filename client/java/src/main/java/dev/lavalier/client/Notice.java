package dev.lavalier.client;

import java.util.OptionalDouble;

/**
 * Something that a stream's listener should know.
 *
 * @param kind what it is about
 * @param message one sentence for people; do not parse it
 * @param clockPpm for {@link Kind#CLOCK}: by how many millionths the device's clock runs faster
 *     than its nominal rate, by the server's; else empty
 */
public record Notice(Kind kind, String message, OptionalDouble clockPpm) {

  /** Makes one that is not about clocks. */
  public Notice(Kind kind, String message) {
    this(kind, message, OptionalDouble.empty());
  }

  /** What a notice is about. */
  public enum Kind {
    /** The device was lost; the stream ends or waits, as its {@link OnDeviceLoss} says. */
    DEVICE_LOST,
    /** The server is stopping; the stream ends, or reconnects. */
    SERVER_STOPPING,
    /** The device has given nothing but zeros for 5 s: muted, or the server may not hear it. */
    MUTED,
    /** How fast the device's clock runs against the server's. */
    CLOCK,
    /** This client has lost the server and tries to reach it again. Once for each loss. */
    RECONNECTING,
    /** Audio has come again after that; the message says what is missing, as the next gap does. */
    RECONNECTED,
    /** Something that a newer server knows and this client does not: see the message. */
    OTHER
  }
}
