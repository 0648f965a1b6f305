package dev.lavalier.client.bench;

import org.jspecify.annotations.Nullable;

/** The parts of a stream's message that the load generator reads. */
sealed interface StreamEvent {

  /**
   * A device was opened.
   *
   * @param epoch the epoch's number
   * @param stream device, format and limits
   */
  record Opened(long epoch, BenchReport.Stream stream) implements StreamEvent {}

  /**
   * A frame without its audio.
   *
   * @param sampleIndex the index of its first sample
   * @param captureUnixNanos the capture time of that sample by the server's clock
   * @param readDelayNanos the time from then until the server had read the whole frame
   * @param gapSamples the number of missing samples before the frame, as reported
   * @param gapCause the reported cause; null if no gap is reported
   */
  record FrameHeader(
      long sampleIndex,
      long captureUnixNanos,
      long readDelayNanos,
      long gapSamples,
      BenchReport.@Nullable Cause gapCause)
      implements StreamEvent {}

  /** Any other message. */
  record Other() implements StreamEvent {
    static final Other INSTANCE = new Other();
  }
}
