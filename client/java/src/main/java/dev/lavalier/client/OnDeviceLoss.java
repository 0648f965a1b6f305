package dev.lavalier.client;

/**
 * The behavior of a stream when its device is lost: the device is unplugged, or its sound server
 * has stopped.
 */
public enum OnDeviceLoss {
  /** The stream ends with {@link LavalierException.Kind#UNAVAILABLE}. */
  FAIL,
  /**
   * The stream waits for the device. When the device is available again, {@link FrameStream#start}
   * returns a new epoch and the first frame has a {@link Gap}.
   */
  WAIT
}
