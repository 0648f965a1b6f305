package dev.lavalier.pipeline;

/** Where in a device's audio a subscription begins. */
public sealed interface StartFrom {

  /** With what is captured from now on. */
  StartFrom LIVE = new Live();

  /** See {@link #LIVE}. */
  record Live() implements StartFrom {}

  /**
   * So long before now, as far as that is kept.
   *
   * @param millis how long, 0 or more
   */
  record Preroll(int millis) implements StartFrom {}

  /**
   * Where an earlier subscription of the device ended.
   *
   * @param epoch the epoch's number
   * @param sampleIndex the sample that should come next, in the format and on the grid of the
   *     frames
   */
  record Resume(long epoch, long sampleIndex) implements StartFrom {}
}
