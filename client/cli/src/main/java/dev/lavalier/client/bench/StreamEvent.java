package dev.lavalier.client.bench;

import java.util.List;

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
   * @param gap the reported gap before the frame: the samples of each cause; empty if no gap is
   *     reported
   */
  record FrameHeader(
      long sampleIndex, long captureUnixNanos, long readDelayNanos, List<GapPart> gap)
      implements StreamEvent {

    /** Returns the number of missing samples before the frame, as reported. */
    long gapSamples() {
      long sum = 0;
      for (GapPart part : gap) {
        sum += part.samples();
      }
      return sum;
    }
  }

  /** The samples of a gap that one cause removed. */
  record GapPart(BenchReport.Cause cause, long samples) {}

  /** Any other message. */
  record Other() implements StreamEvent {
    static final Other INSTANCE = new Other();
  }
}
