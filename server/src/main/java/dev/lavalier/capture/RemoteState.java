package dev.lavalier.capture;

/**
 * What another machine says of a device that it has. Immutable.
 *
 * @param state its state there
 * @param subscribers number of its subscriptions, on that machine and on the servers that it sends
 *     the device to
 */
public record RemoteState(State state, int subscribers) {

  /** The state of a device of another machine. */
  public enum State {
    /** Not open. */
    CLOSED,
    /** Being opened. */
    OPENING,
    /** Open and captured. */
    OPEN,
    /** It failed while it was open. */
    LOST,
    /** Being closed. */
    CLOSING,
    /** The machine, or its sound system, does not answer. */
    NOT_RESPONDING
  }
}
