package dev.lavalier.capture;

/**
 * Receives what a {@link Capture} captures. All methods are called on the capture's own thread, one
 * at a time, and must not block. {@link #onLost} is the last call.
 */
public interface CaptureListener {

  /**
   * Called for each period, in order. If {@link Period#sampleIndex} is not the end of the period
   * before, the samples in between are lost; {@link Period#loss} says why. A period without samples
   * reports a loss only, so that the next one can report another loss.
   *
   * @param period its array is only valid during the call
   */
  void onPeriod(Period period);

  /**
   * Called when the device has delivered only zeros for some seconds, and again when it delivers
   * other values.
   */
  void onSilence(boolean silent);

  /**
   * Called if the capture ends without being stopped.
   *
   * @param reason what was observed, in one sentence
   */
  void onLost(String reason);
}
