package dev.lavalier.client;

/** What becomes of a stream whose device is lost: unplugged, or its sound server gone. */
public enum OnDeviceLoss {
  /** It ends with {@link LavalierException.Kind#UNAVAILABLE}. */
  FAIL,
  /**
   * It waits for the device. Once that is back, {@link FrameStream#start} tells of a new epoch and
   * the first frame bears a {@link Gap}.
   */
  WAIT
}
