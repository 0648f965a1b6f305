package dev.lavalier.hub;

/**
 * A subscription's bounded queue of frames. It owns no slots: it is a place in its framer's {@link
 * FrameRing} and a bound. Frames before the place are delivered or dropped; the reader adds a frame
 * to every queue at once by publishing it.
 *
 * <p>Overflow: when more than the bound wait, the oldest go, down to the bound, the next time the
 * queue is looked at; the ring's slots are used again whether or not it is. Whoever polls sees a
 * loss in the frames' sample indexes.
 *
 * <p>Used by the lane alone.
 */
final class FrameQueue {

  private final FrameRing ring;
  private final int bound;
  private long next; // the number of the oldest frame that waits

  /**
   * Makes a queue that begins at a frame.
   *
   * @param from the number of its first frame
   * @param bound the most frames that may wait, 1 or more
   */
  FrameQueue(FrameRing ring, long from, int bound) {
    this.ring = ring;
    this.next = from;
    this.bound = bound;
  }

  /** Returns how many frames wait: 0 to the bound. */
  int size() {
    return (int) Math.min(bound, ring.head() - next);
  }

  /** Drops what is beyond the bound, the oldest first, and returns how many frames that were. */
  long trim() {
    long dropped = Math.max(0, ring.head() - bound - next);
    next += dropped;
    return dropped;
  }

  /** Takes the oldest frame within the bound, or returns null where none waits. */
  Frame poll() {
    while (true) {
      trim();
      if (next == ring.head()) {
        return null;
      }
      Frame frame = ring.get(next);
      if (frame != null) {
        next++;
        return frame;
      }
      // Overtaken between the two looks: the head has moved, and trim moves on.
    }
  }
}
