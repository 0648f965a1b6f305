package dev.lavalier.hub;

/**
 * Information for a subscriber besides audio. Immutable.
 *
 * @param kind the kind of event
 * @param message one sentence for the user
 * @param clockPpm for CLOCK: how much faster the device's clock runs than the server's, in parts
 *     per million; otherwise 0
 */
public record Notice(Kind kind, String message, double clockPpm) {

  /** Creates a notice of a kind other than CLOCK. */
  public Notice(Kind kind, String message) {
    this(kind, message, 0);
  }

  /** The kind of event. */
  public enum Kind {
    /** The device was lost; the subscription ends or waits. */
    DEVICE_LOST,
    /** The server is stopping; the subscription ends. */
    SERVER_STOPPING,
    /** The device delivers only zeros. */
    MUTED,
    /** A measurement of the speed of the device's clock. */
    CLOCK
  }
}
