package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import java.util.Optional;

/**
 * Counts the calls of a subscription. Used only on the delivery loop, and read when all actors have
 * finished.
 */
final class RecordingSink implements FrameSink {

  /** Number of frames. */
  int frames;

  /** Number of wrong calls: a frame out of order, a gap, a call too early or too late. */
  int wrong;

  /** Index of the sample after the last frame; -1: no frame yet. */
  long next = -1;

  /** Index of the first sample; -1: no frame yet. */
  long first = -1;

  int started;
  int ended;

  @Override
  public boolean isReady() {
    return true;
  }

  @Override
  public void onStarted(StreamStart unused) {
    wrong += started > 0 || ended > 0 ? 1 : 0;
    started++;
  }

  @Override
  public void onFrame(Frame frame, Optional<Gap> gap) {
    boolean inOrder = next < 0 || frame.sampleIndex() == next;
    wrong += inOrder && gap.isEmpty() && started == 1 && ended == 0 ? 0 : 1;
    first = first < 0 ? frame.sampleIndex() : first;
    next = frame.sampleIndex() + StressDevice.FRAME_SIZE;
    frames++;
  }

  @Override
  public void onNotice(Notice notice) {
    wrong++;
  }

  @Override
  public void onEnd(StreamException reason) {
    wrong += ended > 0 ? 1 : 0;
    ended++;
  }

  /** Returns the number of calls so far. */
  int received() {
    return frames + started + ended + wrong;
  }
}
