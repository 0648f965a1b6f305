package dev.lavalier.pipeline;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The last frames of one framer, which all of its subscribers' queues read. The reader writes a
 * frame once, whatever the number of subscribers, and never looks at them.
 *
 * <p>One thread publishes, any number read. A reader that is too slow finds a later frame in the
 * slot; since frames are immutable and know their number, it cannot mistake one for another, and
 * there is nothing to lock.
 */
final class FrameRing {

  // Written by the publishing thread. A slot is set before latest says so; a grown array stands
  // here before the first frame that is only in it.
  private volatile AtomicReferenceArray<Frame> slots = new AtomicReferenceArray<>(16);
  private volatile Frame latest; // null: none yet
  private volatile int requestedCapacity;

  /** Makes room for {@code frames}, from the next frame on. Any thread; never shrinks. */
  synchronized void ensureCapacity(int frames) {
    requestedCapacity = Math.max(requestedCapacity, frames);
  }

  /** Returns the number that the next frame will have: how many were published. */
  long head() {
    return headAfter(latest);
  }

  /** Returns the frame published last, or null. */
  Frame latest() {
    return latest;
  }

  /** Returns the number of the frame after {@code frame}, or of the first after null. */
  static long headAfter(Frame frame) {
    return frame == null ? 0 : frame.sequence() + 1;
  }

  /** Adds the frame whose number is {@link #head}. The publishing thread alone. */
  void publish(Frame frame) {
    AtomicReferenceArray<Frame> current = slots;
    if (requestedCapacity > current.length()) {
      current = grown(current, requestedCapacity);
      slots = current;
    }
    current.setRelease(slot(frame.sequence(), current), frame);
    latest = frame;
  }

  private AtomicReferenceArray<Frame> grown(AtomicReferenceArray<Frame> old, int atLeast) {
    AtomicReferenceArray<Frame> next =
        new AtomicReferenceArray<>(Integer.highestOneBit(atLeast - 1) << 1);
    long head = head();
    for (long k = Math.max(0, head - old.length()); k < head; k++) {
      next.setPlain(slot(k, next), old.getPlain(slot(k, old)));
    }
    return next;
  }

  /**
   * Returns frame number {@code sequence}, or null where it is not there any more.
   *
   * @param sequence below {@link #head}, as the caller has read it
   */
  Frame get(long sequence) {
    AtomicReferenceArray<Frame> current = slots;
    Frame frame = current.getAcquire(slot(sequence, current));
    return frame != null && frame.sequence() == sequence ? frame : null;
  }

  private static int slot(long sequence, AtomicReferenceArray<Frame> in) {
    return (int) sequence & (in.length() - 1);
  }
}
