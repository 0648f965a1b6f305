package dev.lavalier.hub;

/**
 * Something that a subscriber should know, besides audio.
 *
 * @param kind what it is about
 * @param message one sentence for people
 */
public record Notice(Kind kind, String message) {

  /** What a notice is about. */
  public enum Kind {
    /** The device was lost; the subscription ends or waits. */
    DEVICE_LOST,
    /** The server is stopping; the subscription ends. */
    SERVER_STOPPING,
    /** The device gives nothing but zeros. */
    MUTED
  }
}
