package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import java.util.Optional;

/** What a subscriber hears, counted. Used on the lane alone, and read when all is done. */
final class RecordingSink implements FrameSink {

  /** Frames heard. */
  int frames;

  /** Calls that must not come: a frame out of order, a gap, anything before or after its time. */
  int wrong;

  /** The sample after the last frame; -1: none yet. */
  long next = -1;

  /** The first sample; -1: none yet. */
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

  /** Everything heard so far, in number. */
  int received() {
    return frames + started + ended + wrong;
  }
}
