package dev.lavalier.pipeline;

import org.jspecify.annotations.Nullable;

/**
 * The present: a cursor in a framer's {@link FrameRing}, with bounds. It owns no slots. Frames
 * before the cursor were sent or dropped; publishing a frame adds it to every live source at once.
 *
 * <p>Overflow: if more frames wait than the capacity, or for longer than the maximum age, the
 * oldest are skipped at the next poll; the ring reuses their slots regardless. The loss shows in
 * the frames' sample indexes.
 */
public final class LiveSource implements FrameSource {

  private final FrameRing ring;
  private final int capacity;
  private final long maxAgeNanos;
  private final long deviceLossBefore;
  private long next; // the number of the oldest frame that waits

  /**
   * Creates a source that starts with a frame.
   *
   * @param from the number of its first frame
   * @param capacity the most frames that may wait, 1 or more
   * @param maxAgeNanos the longest that one may wait
   * @param deviceLossBefore samples that the device lost before its first frame
   */
  LiveSource(FrameRing ring, long from, int capacity, long maxAgeNanos, long deviceLossBefore) {
    this.ring = ring;
    this.next = from;
    this.capacity = capacity;
    this.maxAgeNanos = maxAgeNanos;
    this.deviceLossBefore = deviceLossBefore;
  }

  /** Creates a source that starts with the frame after {@code latest}; null: with the first one. */
  static LiveSource after(@Nullable Frame latest, FrameRing ring, int capacity, long maxAgeNanos) {
    return new LiveSource(
        ring,
        FrameRing.headAfter(latest),
        capacity,
        maxAgeNanos,
        latest == null ? 0 : latest.deviceLossBefore());
  }

  @Override
  public boolean isEmpty() {
    return next == ring.head();
  }

  @Override
  public @Nullable Frame poll(long now) {
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

  @Override
  public boolean overflows(long now) {
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

  @Override
  public long deviceLossBefore() {
    return deviceLossBefore;
  }
}
