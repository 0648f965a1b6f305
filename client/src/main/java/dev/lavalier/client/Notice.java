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
    /** The device was lost; the stream ends. */
    DEVICE_LOST,
    /** The server is stopping; the stream ends. */
    SERVER_STOPPING,
    /** Something that a newer server knows and this client does not: see the message. */
    OTHER
  }
}
