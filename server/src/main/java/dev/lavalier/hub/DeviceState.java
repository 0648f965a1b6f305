package dev.lavalier.hub;

/** The state of a device. {@link dev.lavalier.capture.RemoteState} has the same names. */
public enum DeviceState {
  /** Not open. */
  CLOSED,
  /** Being opened. */
  OPENING,
  /** Open and captured. */
  OPEN,
  /** It failed while open. It is being closed, or subscriptions wait for it to return. */
  LOST,
  /** Being closed after its last subscription. */
  CLOSING,
  /** The sound system has not completed a call to open or close it in time. */
  NOT_RESPONDING
}
