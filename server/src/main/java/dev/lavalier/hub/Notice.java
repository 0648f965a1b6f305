package dev.lavalier.hub;

/**
 * Something that a subscriber should know, besides audio.
 *
 * @param kind what it is about
 * @param message one sentence for people
 * @param clockPpm for CLOCK: by how many millionths the device's clock runs fast; else 0
 */
public record Notice(Kind kind, String message, double clockPpm) {

  /** Makes one that is not about a clock. */
  public Notice(Kind kind, String message) {
    this(kind, message, 0);
  }

  /** What a notice is about. */
  public enum Kind {
    /** The device was lost; the subscription ends or waits. */
    DEVICE_LOST,
    /** The server is stopping; the subscription ends. */
    SERVER_STOPPING,
    /** The device gives nothing but zeros. */
    MUTED,
    /** How fast the device's clock runs. */
    CLOCK
  }
}
