package dev.lavalier.hub;

/**
 * A subscription's bounded queue of frames. It owns no slots: it is a place in its framer's {@link
 * FrameRing} and a bound. Frames before the place are delivered or dropped; the reader adds a frame
 * to every queue at once by publishing it.
 *
 * <p>Overflow: when more than the bound wait, or longer than the bound, the oldest go, the next
 * time the queue is looked at; the ring's slots are used again whether or not it is. Whoever polls
 * sees a loss in the frames' sample indexes.
 *
 * <p>Used by the lane alone. Times are those of the steady clock, in nanoseconds.
 */
final class LiveSource {

  private final FrameRing ring;
  private final int capacity;
  private final long maxAgeNanos;
  private long next; // the number of the oldest frame that waits

  /**
   * Makes a queue that begins at a frame.
   *
   * @param from the number of its first frame
   * @param capacity the most frames that may wait, 1 or more
   * @param maxAgeNanos the longest that one may wait
   */
  LiveSource(FrameRing ring, long from, int capacity, long maxAgeNanos) {
    this.ring = ring;
    this.next = from;
    this.capacity = capacity;
    this.maxAgeNanos = maxAgeNanos;
  }

  /** Tells whether no frame waits. */
  boolean isEmpty() {
    return next == ring.head();
  }

  /**
   * Takes the oldest frame within the bounds, or returns null where none waits. Drops those before
   * it.
   */
  Frame poll(long now) {
    while (true) {
      long head = ring.head();
      next = Math.max(next, head - capacity);
      if (next == head) {
        return null;
      }
      Frame frame = ring.get(next);
      if (frame != null) {
        next++;
        if (isWithinMaxAge(frame, now)) {
          return frame;
        }
      } // else: overtaken between the two looks, and the head moves
    }
  }

  /** Tells whether the next poll would drop a frame. */
  boolean overflows(long now) {
    long head = ring.head();
    if (head - next > capacity) {
      return true;
    }
    Frame oldest = next == head ? null : ring.get(next);
    return next < head && (oldest == null || !isWithinMaxAge(oldest, now));
  }

  private boolean isWithinMaxAge(Frame frame, long now) {
    return now - frame.readNanos() <= maxAgeNanos;
  }
}
