package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.FormatConverter;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Period;
import java.util.Set;

/**
 * One delivery format of an epoch: what is captured, converted once, however many subscribe, and
 * handed to one framer per frame size. What is delivered as captured is not touched.
 *
 * <p>{@link #process} runs on the reader's thread; the device's actor calls the others. They share
 * the array, which is replaced and never changed.
 */
final class FormatPipeline {

  private final Conversion conversion;
  private final FormatConverter converter; // null: there is nothing to convert
  private final FrameCodec codec;
  private volatile Framer[] framers = {};

  FormatPipeline(Conversion conversion, FrameCodec codec, PolyphaseFilters filters) {
    this.conversion = conversion;
    this.converter = conversion.isIdentity() ? null : new FormatConverter(conversion, filters);
    this.codec = codec;
  }

  Conversion conversion() {
    return conversion;
  }

  /** Returns how many numbers were clamped at full scale so far. */
  long clippedSamples() {
    return converter == null ? 0 : converter.clippedSamples();
  }

  /** Keeps a framer for each of these frame sizes, and no other. */
  void setFrameSizes(Set<Integer> frameSizes) {
    framers =
        frameSizes.stream()
            .map(
                size -> {
                  Framer framer = framer(size);
                  return framer == null
                      ? new Framer(conversion.delivered(), size, codec)
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
   * Converts one period and passes it to the framers.
   *
   * @param captured in the capture format; its array is not kept
   * @return whether at least one frame was published
   */
  boolean process(Period captured) {
    Period block = converter == null ? captured : converted(captured);
    if (block.samples() == 0) {
      return false;
    }
    boolean published = false;
    for (Framer framer : framers) {
      published |= framer.accept(block);
    }
    return published;
  }

  private Period converted(Period captured) {
    int count =
        converter.convert(captured.pcm(), captured.samples(), captured.sampleIndex());
    long index = converter.outputIndex();
    long offsetNanos =
        conversion.delivered().nanosOf(index)
            - conversion.captured().nanosOf(captured.sampleIndex());
    return captured.converted(converter.output(), count, index, offsetNanos);
  }
}
