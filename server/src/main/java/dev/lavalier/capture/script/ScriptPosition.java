package dev.lavalier.capture.script;

import org.jspecify.annotations.Nullable;

/**
 * The place that a microphone has reached in its script. It outlives a loss of the device. Used by
 * one thread at a time: that of the capture, and before it the one that opens the device.
 */
final class ScriptPosition {

  private final ScriptedMicrophone microphone;
  private int next;
  private long clockStepNanos;

  ScriptPosition(ScriptedMicrophone microphone) {
    this.microphone = microphone;
  }

  /** Returns the next step; null: the script has ended. */
  @Nullable Step next() {
    if (next == microphone.steps().size() && microphone.repeats()) {
      rewind();
    }
    return next == microphone.steps().size() ? null : microphone.steps().get(next++);
  }

  /** Moves to the first step. */
  void rewind() {
    next = 0;
    clockStepNanos = 0;
  }

  /** Sets the wall clock forward, or back if negative. */
  void stepClock(long nanos) {
    clockStepNanos += nanos;
  }

  /** Returns by how much the wall clock was set forward. */
  long clockStepNanos() {
    return clockStepNanos;
  }
}
