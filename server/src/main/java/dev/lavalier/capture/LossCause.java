package dev.lavalier.capture;

/** Why a subscriber did not get samples. */
public enum LossCause {
  /** The subscriber did not read them in time. */
  SLOW_SUBSCRIBER,
  /** The device or its driver lost them while it was open, or the machine was suspended. */
  DEVICE_OVERRUN,
  /** The device was lost and has returned. */
  DEVICE_LOST,
  /** They precede the first frame of a resumed subscription and are not in the history. */
  NOT_KEPT,
  /** The server did not read them from the device in time, or did not send them in time. */
  SERVER_OVERLOAD,
  /** They were lost between the machine that captured them and this one. */
  UPSTREAM
}
