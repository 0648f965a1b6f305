package dev.lavalier.client;

/** The state of a device. */
public enum DeviceState {
  /** Not open: the microphone is off. */
  CLOSED,
  /** The server is opening it for its first subscription. */
  OPENING,
  /** The server has opened it and is reading it. */
  OPEN,
  /** It was open and failed. */
  LOST,
  /** The server is closing it after its last subscription. */
  CLOSING,
  /** The sound system did not complete a call that opens or closes it. */
  NOT_RESPONDING,
  /** A state that a newer server reports and this client does not know. */
  UNKNOWN
}
