package dev.lavalier.capture.script;

import dev.lavalier.capture.Loss;
import dev.lavalier.capture.virtual.WavDevice;

/** One step of a script. Immutable. */
sealed interface Step {

  /** The length of a sound that does not end. */
  long ENDLESS = Long.MAX_VALUE;

  /** A step during which the microphone delivers samples. */
  sealed interface Sound extends Step {}

  /**
   * A tone.
   *
   * @param hz the frequency
   * @param nanos its length; {@link #ENDLESS}: it does not end
   */
  record Tone(int hz, long nanos) implements Sound {}

  /**
   * Zeros.
   *
   * @param nanos their length; {@link #ENDLESS}: they do not end
   */
  record Silence(long nanos) implements Sound {}

  /** A WAV file, once. */
  record Wav(WavDevice file) implements Sound {}

  /** Samples that are lost. */
  record Lost(long nanos, Loss loss) implements Step {}

  /** The wall clock is set forward, or back if negative. */
  record ClockStep(long nanos) implements Step {}

  /**
   * The device is lost.
   *
   * @param nanos how long it is not listed; 0: it stays listed
   */
  record Unplug(long nanos) implements Step {}
}
