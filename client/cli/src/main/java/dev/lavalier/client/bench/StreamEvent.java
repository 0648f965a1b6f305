package dev.lavalier.client.bench;

/** What the load generator looks at in a message of a stream. */
sealed interface StreamEvent {

  /**
   * A device was opened.
   *
   * @param epoch the epoch's number
   * @param stream the rest
   */
  record Opened(long epoch, BenchReport.Stream stream) implements StreamEvent {}

  /**
   * A frame without its audio.
   *
   * @param sampleIndex its first sample
   * @param captureUnixNanos when that was captured, by the server's clock
   * @param readDelayNanos from then until the server had read the whole frame
   * @param gapSamples how many samples are said to be missing before it
   * @param gapCause why; null where none are
   */
  record FrameHeader(
      long sampleIndex,
      long captureUnixNanos,
      long readDelayNanos,
      long gapSamples,
      BenchReport.Cause gapCause)
      implements StreamEvent {}

  /** Anything else. */
  record Other() implements StreamEvent {
    static final Other INSTANCE = new Other();
  }
}
