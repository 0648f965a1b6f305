package dev.lavalier.client;

import java.util.OptionalDouble;

/**
 * An event of a stream or a watch that its listener should know.
 *
 * @param kind the kind of event
 * @param message one sentence for people; do not parse it
 * @param clockPpm for {@link Kind#CLOCK}: how much faster the device's clock runs than its nominal
 *     rate, in parts per million, measured by the server's clock; empty for all other kinds
 */
public record Notice(Kind kind, String message, OptionalDouble clockPpm) {

  /** Creates a notice without {@code clockPpm}. */
  Notice(Kind kind, String message) {
    this(kind, message, OptionalDouble.empty());
  }

  /** The kind of a notice. */
  public enum Kind {
    /** The device was lost; the stream ends or waits, depending on its {@link OnDeviceLoss}. */
    DEVICE_LOST,
    /** The server is stopping; the stream ends or reconnects. */
    SERVER_STOPPING,
    /**
     * The device has delivered only zeros for 5 s: it is muted, or the server has no permission to
     * record.
     */
    MUTED,
    /** The speed of the device's clock relative to the server's clock. */
    CLOCK,
    /** The connection is lost and this client tries to reconnect. Sent once per loss. */
    RECONNECTING,
    /**
     * Frames or devices arrive again after a reconnection; for a stream, the message reports the
     * missing samples, as the next gap does.
     */
    RECONNECTED,
    /** A notice that a newer server sends and this client does not know: see the message. */
    OTHER
  }
}
