package dev.lavalier.audio;

import java.util.Arrays;

/**
 * One channel from one sample rate to another, streaming. Output sample n stands for the instant of
 * input position n * down / up, exactly and for ever: the phase is an integer, so nothing drifts.
 * What comes out does not depend on how the input is cut into blocks.
 *
 * <p>Before input sample 0 lies silence. Where the input begins later than at 0, or jumps, the
 * first output is the first one that needs nothing of what is missing.
 *
 * <p>One thread. Allocates only when a block is longer than any before.
 */
final class Resampler {

  private final PolyphaseFilter filter;

  private double[] window; // the input that is still needed
  private int filled; // samples of it
  private long first; // the input index of window[0]
  private long next; // the output index that comes next
  private long inputPosition; // the input sample that it falls on or follows...
  private int phase; // ...by so many parts of 1/up

  /** Makes a resampler that begins at input sample 0. */
  Resampler(PolyphaseFilter filter) {
    this.filter = filter;
    this.window = new double[4 * filter.halfLength()];
    reset(0);
  }

  /** Begins anew, as if nothing had been before {@code inputIndex}. */
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

  /** Returns the index of the output sample that comes next. */
  long nextIndex() {
    return next;
  }

  /** Returns the most output samples that a block of {@code samples} can give. */
  int maxOutput(int samples) {
    return (int) ((long) samples * filter.up() / filter.down()) + 1;
  }

  /**
   * Takes the input samples that follow those before.
   *
   * @param out room for {@link #maxOutput}
   * @return the samples put into {@code out}
   */
  int resample(double[] in, int samples, double[] out) {
    append(in, samples);
    int before = filter.halfLength() - 1;
    int whole = filter.down() / filter.up();
    int parts = filter.down() % filter.up();
    long end = first + filled - filter.halfLength(); // the places before it have all they need
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
