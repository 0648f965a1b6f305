package dev.lavalier.capture;

/**
 * A kind of loss of samples.
 *
 * @param cause why the samples are missing
 * @param estimated whether their number is estimated from timestamps
 */
public record Loss(LossCause cause, boolean estimated) {

  /** The loss of a device that does not report how many samples it lost. */
  public static final Loss OVERRUN = new Loss(LossCause.DEVICE_OVERRUN, true);

  /** The loss in the buffer of a line that the capture thread did not read in time. */
  public static final Loss OVERLOAD = new Loss(LossCause.SERVER_OVERLOAD, true);

  /** The loss of periods of another machine, which are counted by their indexes. */
  public static final Loss UPSTREAM = new Loss(LossCause.UPSTREAM, false);
}
