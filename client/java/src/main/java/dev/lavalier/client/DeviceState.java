package dev.lavalier.client;

/** What a device is doing. */
public enum DeviceState {
  /** Not open: the microphone is off. */
  CLOSED,
  /** Being opened for its first subscription. */
  OPENING,
  /** Open, and being read. */
  OPEN,
  /** It was open and failed. */
  LOST,
  /** Being closed after its last subscription. */
  CLOSING,
  /** The sound system has been asked to open or close it, and does not answer. */
  NOT_RESPONDING,
  /** Something that a newer server knows and this client does not. */
  UNKNOWN
}
