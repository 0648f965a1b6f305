package dev.lavalier.hub;

/** What a device is doing. */
public enum DeviceState {
  /** Not open. */
  CLOSED,
  /** Being opened. */
  OPENING,
  /** Open and read. */
  OPEN,
  /** It failed while open, and is being given back. */
  LOST,
  /** Being closed after its last subscription. */
  CLOSING
}
