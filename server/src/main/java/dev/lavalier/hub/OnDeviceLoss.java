package dev.lavalier.hub;

/** What happens to a subscription whose device is lost. */
public enum OnDeviceLoss {
  /** It ends with DEVICE_LOST. */
  FAIL,
  /** It waits for the device to come back, and goes on with a new epoch. */
  WAIT
}
