package dev.lavalier.pipeline;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The last frames of one framer. All its subscribers read them through their {@link LiveSource}s. A
 * frame is written once, regardless of the number of subscribers, and the writer never accesses the
 * subscribers.
 *
 * <p>One thread publishes; any number of threads read. A reader that is too slow finds a later
 * frame in the slot and detects that by its number. Frames are immutable, so no lock is needed.
 */
final class FrameRing {

  // Written by the publishing thread. A slot is set before latest names its frame. A larger array
  // is set before the first frame that only it contains.
  private volatile AtomicReferenceArray<Frame> slots;
  private volatile @Nullable Frame latest; // null: none yet
  private volatile int slotCount;
  private volatile @Nullable Throwable failure; // null: none

  /** Creates an empty ring for at least {@code frames} frames, 1 or more. */
  FrameRing(int frames) {
    this.slotCount = slotsFor(frames);
    this.slots = new AtomicReferenceArray<>(slotCount);
  }

  /** Returns the number of slots of a ring for at least {@code frames} frames: a power of 2. */
  static int slotsFor(int frames) {
    return frames <= 1 ? 1 : Integer.highestOneBit(frames - 1) << 1;
  }

  /**
   * Sets the capacity to at least {@code frames}, from the next frame on. If it shrinks, the oldest
   * frames are released. May be called from any thread.
   */
  void setCapacity(int frames) {
    slotCount = slotsFor(frames);
  }

  /** Returns the number of the next frame, which is the number of frames published so far. */
  long head() {
    return headAfter(latest);
  }

  /** Returns the frame that was published last; null if there is none. */
  @Nullable Frame latest() {
    return latest;
  }

  /** Returns the number of the frame after {@code frame}; 0 if {@code frame} is null. */
  static long headAfter(@Nullable Frame frame) {
    return frame == null ? 0 : frame.sequence() + 1;
  }

  /** Publishes a frame whose number is {@link #head}. Called only by the publishing thread. */
  void publish(Frame frame) {
    AtomicReferenceArray<Frame> current = slots;
    int wanted = slotCount;
    if (wanted != current.length()) {
      current = resized(current, wanted);
      slots = current;
    }
    current.setRelease(slot(frame.sequence(), current), frame);
    latest = frame;
  }

  /**
   * Reports that no more frames will come, because the encoder has failed. Called only by the
   * publishing thread.
   */
  void fail(Throwable cause) {
    failure = cause;
  }

  /** Returns why no more frames will come; null if they will. */
  @Nullable Throwable failure() {
    return failure;
  }

  /** Throws the failure, if there is one. */
  void checkFailure() {
    Throwable cause = failure;
    if (cause != null) {
      throw new IllegalStateException("the encoder failed: " + cause, cause);
    }
  }

  private AtomicReferenceArray<Frame> resized(AtomicReferenceArray<Frame> old, int length) {
    AtomicReferenceArray<Frame> next = new AtomicReferenceArray<>(length);
    long head = head();
    for (long k = Math.max(0, head - Math.min(old.length(), length)); k < head; k++) {
      next.setPlain(slot(k, next), old.getPlain(slot(k, old)));
    }
    return next;
  }

  /** Returns a number from which on frames may still be available. */
  long oldestAvailable() {
    return Math.max(0, head() - slots.length());
  }

  /**
   * Returns frame number {@code sequence}; null if it was overwritten.
   *
   * @param sequence less than {@link #head}, as the caller has read it
   */
  @Nullable Frame get(long sequence) {
    AtomicReferenceArray<Frame> current = slots;
    Frame frame = current.getAcquire(slot(sequence, current));
    return frame != null && frame.sequence() == sequence ? frame : null;
  }

  private static int slot(long sequence, AtomicReferenceArray<Frame> in) {
    return (int) sequence & (in.length() - 1);
  }
}
