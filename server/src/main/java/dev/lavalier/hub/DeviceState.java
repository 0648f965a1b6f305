package dev.lavalier.hub;

/** What a device is doing. */
public enum DeviceState {
  /** Not open. */
  CLOSED,
  /** Being opened. */
  OPENING,
  /** Open and read. */
  OPEN,
  /** It failed while open. It is being given back, or subscriptions wait for its return. */
  LOST,
  /** Being closed after its last subscription. */
  CLOSING,
  /** The sound system has been asked to open or close it, and does not answer. */
  NOT_RESPONDING
}
