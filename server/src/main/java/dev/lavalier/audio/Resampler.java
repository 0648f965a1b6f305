package dev.lavalier.audio;

import java.util.Arrays;

/**
 * Converts the sample rate of one channel of a stream. Output sample n represents exactly the
 * instant of input position n * down / up: the phase is an integer, so it never drifts. The output
 * does not depend on how the input is cut into blocks.
 *
 * <p>Input sample 0 counts as preceded by silence. If the input starts later than at 0, or jumps,
 * the output starts at the first sample that does not depend on missing input.
 *
 * <p>Used by one thread. Allocates only if a block is longer than all blocks before.
 */
final class Resampler {

  private final PolyphaseFilter filter;

  private double[] window; // the input that is still needed
  private int filled; // samples in window
  private long first; // the input index of window[0]
  private long next; // the index of the next output sample
  private long inputPosition; // the input sample at or before the next output sample
  private int phase; // distance between the two, in units of 1/up

  /** Creates a resampler that starts at input sample 0. */
  Resampler(PolyphaseFilter filter) {
    this.filter = filter;
    this.window = new double[4 * filter.halfLength()];
    reset(0);
  }

  /** Discards all input and continues at {@code inputIndex}. */
  void reset(long inputIndex) {
    int before = filter.halfLength() - 1;
    if (inputIndex == 0) {
      first = -before;
      filled = before;
      Arrays.fill(window, 0, before, 0.0);
      next = 0;
    } else {
      first = inputIndex;
      filled = 0;
      next = -Math.floorDiv(-(inputIndex + before) * filter.up(), (long) filter.down());
    }
    inputPosition = Math.floorDiv(next * filter.down(), (long) filter.up());
    phase = Math.floorMod(next * filter.down(), filter.up());
  }

  /** Returns the index of the next output sample. */
  long nextIndex() {
    return next;
  }

  /** Returns the maximum number of output samples that a block of {@code samples} can produce. */
  int maxOutput(int samples) {
    return (int) ((long) samples * filter.up() / filter.down()) + 1;
  }

  /**
   * Converts the next input samples.
   *
   * @param out room for {@link #maxOutput}
   * @return number of samples written to {@code out}
   */
  int resample(double[] in, int samples, double[] out) {
    append(in, samples);
    int before = filter.halfLength() - 1;
    int whole = filter.down() / filter.up();
    int parts = filter.down() % filter.up();
    long end =
        first + filled - filter.halfLength(); // output positions before it have all their input
    int count = 0;
    while (inputPosition < end) {
      out[count++] = filter.apply(phase, window, (int) (inputPosition - before - first));
      inputPosition += whole;
      phase += parts;
      if (phase >= filter.up()) {
        phase -= filter.up();
        inputPosition++;
      }
    }
    next += count;
    discard((int) Math.min(filled, inputPosition - before - first));
    return count;
  }

  private void append(double[] in, int samples) {
    if (filled + samples > window.length) {
      window = Arrays.copyOf(window, filled + samples);
    }
    System.arraycopy(in, 0, window, filled, samples);
    filled += samples;
  }

  private void discard(int samples) {
    System.arraycopy(window, samples, window, 0, filled - samples);
    filled -= samples;
    first += samples;
  }
}
