package dev.lavalier.hub;

/** Defines what happens to a subscription when its device is lost. */
public enum OnDeviceLoss {
  /** It ends with DEVICE_LOST. */
  FAIL,
  /** It waits for the device to return and continues with a new epoch. */
  WAIT
}
