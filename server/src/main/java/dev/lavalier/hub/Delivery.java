package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.FormatConverter;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import java.util.Set;

/**
 * One delivery format of an epoch: what is captured, converted once, however many subscribe, and
 * handed to one framer per frame size. What is delivered as captured is not touched.
 *
 * <p>{@link #accept} runs on the reader's thread; the device's actor calls the others. They share
 * the array, which is replaced and never changed.
 */
final class Delivery {

  private final Conversion conversion;
  private final FormatConverter converter; // null: there is nothing to convert
  private final FrameEncoder encoder;
  private volatile Framer[] framers = {};

  Delivery(Conversion conversion, FrameEncoder encoder, PolyphaseFilters filters) {
    this.conversion = conversion;
    this.converter = conversion.isIdentity() ? null : new FormatConverter(conversion, filters);
    this.encoder = encoder;
  }

  Conversion conversion() {
    return conversion;
  }

  /** Returns how many numbers were clamped at full scale so far. */
  long clamped() {
    return converter == null ? 0 : converter.clamped();
  }

  /** Keeps a framer for each of these frame sizes, and no other. */
  void serve(Set<Integer> frameSizes) {
    framers =
        frameSizes.stream()
            .map(
                size -> {
                  Framer framer = framer(size);
                  return framer == null
                      ? new Framer(conversion.delivered(), size, encoder)
                      : framer;
                })
            .toArray(Framer[]::new);
  }

  /** Returns the framer for a frame size; null where nobody wants it. */
  Framer framer(int frameSize) {
    for (Framer framer : framers) {
      if (framer.frameSize() == frameSize) {
        return framer;
      }
    }
    return null;
  }

  /**
   * Takes one period.
   *
   * @param period the audio as captured
   * @param samples how many
   * @param sampleIndex the number of the first in the epoch
   * @param captureNanos when that was captured, by the steady clock
   * @param captureUnixNanos the same, as time of day
   * @param readNanos when the period had been read, by the steady clock
   * @return whether at least one frame was published
   */
  boolean accept(
      byte[] period,
      int samples,
      long sampleIndex,
      long captureNanos,
      long captureUnixNanos,
      long readNanos) {
    byte[] pcm = period;
    int count = samples;
    long index = sampleIndex;
    long later = 0; // the first delivered sample than the first captured one
    if (converter != null) {
      count = converter.convert(period, samples, sampleIndex);
      pcm = converter.output();
      index = converter.outputIndex();
      PcmFormat captured = conversion.captured();
      later = conversion.delivered().nanosOf(index) - captured.nanosOf(sampleIndex);
    }
    if (count == 0) {
      return false;
    }
    boolean published = false;
    for (Framer framer : framers) {
      published |=
          framer.accept(
              pcm, count, index, captureNanos + later, captureUnixNanos + later, readNanos);
    }
    return published;
  }
}
