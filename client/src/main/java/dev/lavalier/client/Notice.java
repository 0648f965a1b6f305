package dev.lavalier.client;

/**
 * Something that the server wants its listener to know.
 *
 * @param kind what it is about
 * @param message one sentence for people; do not parse it
 */
public record Notice(Kind kind, String message) {

  /** What a notice is about. */
  public enum Kind {
    /** The device was lost; the stream ends or waits, as its {@link OnDeviceLoss} says. */
    DEVICE_LOST,
    /** The server is stopping; the stream ends. */
    SERVER_STOPPING,
    /** The device has given nothing but zeros for 5 s: muted, or the server may not hear it. */
    MUTED,
    /** How fast the device's clock runs against the server's. */
    CLOCK,
    /** Something that a newer server knows and this client does not: see the message. */
    OTHER
  }
}
