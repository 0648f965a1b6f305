package dev.lavalier.pipeline;

/** The position in the audio of a device at which a subscription starts. */
public sealed interface StartFrom {

  /** Starts with the audio that is captured from now on. */
  StartFrom LIVE = new Live();

  /** See {@link #LIVE}. */
  record Live() implements StartFrom {}

  /**
   * Starts in the past, with the audio that the history still has.
   *
   * @param millis how many milliseconds before now, 0 or more
   */
  record Preroll(int millis) implements StartFrom {}

  /**
   * Resumes at the position at which an earlier subscription of the device ended.
   *
   * @param epoch the epoch of that position
   * @param sampleIndex index of the next sample, at the delivered rate; a multiple of the frame
   *     size
   */
  record Resume(long epoch, long sampleIndex) implements StartFrom {}
}
