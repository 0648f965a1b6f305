package dev.lavalier.pipeline;

import org.jspecify.annotations.Nullable;

/**
 * The live source of a subscription: a cursor in the {@link FrameRing} of a framer, with bounds. It
 * owns no slots. Frames before the cursor were sent or dropped. Publishing a frame adds it to all
 * live sources at once.
 *
 * <p>Overflow: if more frames wait than the capacity, or a frame exceeds the maximum age, the
 * oldest frames are skipped at the next poll. The capacity applies to the frames for which the
 * subscriber was not ready: a burst of new frames does not overflow the source of one that is. The
 * ring reuses their slots in any case. The gap is visible in the sample indexes of the frames.
 */
final class LiveSource implements FrameSource {

  private final FrameRing ring;
  private final int capacity;
  private final long maxAgeNanos;
  private final LossTotals lossesBefore;
  private long next; // number of the oldest frame that waits
  private long boundedUntil; // the capacity applies to the frames before this number

  /**
   * Creates a source that starts with a frame.
   *
   * @param from number of its first frame
   * @param capacity the maximum number of frames that may wait, 1 or more
   * @param maxAgeNanos the maximum age of a frame in nanoseconds
   * @param lossesBefore samples that the framer skipped before its first frame
   */
  LiveSource(FrameRing ring, long from, int capacity, long maxAgeNanos, LossTotals lossesBefore) {
    this.ring = ring;
    this.next = from;
    this.boundedUntil = from;
    this.capacity = capacity;
    this.maxAgeNanos = maxAgeNanos;
    this.lossesBefore = lossesBefore;
  }

  /**
   * Creates a source that starts with the frame after {@code latest}; null: with the first frame.
   */
  static LiveSource after(@Nullable Frame latest, FrameRing ring, int capacity, long maxAgeNanos) {
    return new LiveSource(
        ring,
        FrameRing.headAfter(latest),
        capacity,
        maxAgeNanos,
        latest == null ? LossTotals.NONE : latest.lossesBefore());
  }

  @Override
  public void startTurn(boolean ready) {
    if (!ready) {
      boundedUntil = ring.head();
    }
  }

  @Override
  public boolean isEmpty() {
    return next == ring.head() && ring.failure() == null;
  }

  @Override
  public @Nullable Frame poll(long now) {
    while (true) {
      long head = ring.head();
      next = Math.max(next, boundedUntil - capacity);
      if (next == head) {
        ring.checkFailure();
        return null;
      }
      Frame frame = ring.get(next);
      if (frame == null) {
        next = Math.max(next + 1, ring.oldestAvailable()); // overwritten
        continue;
      }
      next++;
      if (isWithinMaxAge(frame, now)) {
        return frame;
      }
    }
  }

  @Override
  public boolean overflows(long now) {
    long head = ring.head();
    if (boundedUntil - next > capacity) {
      return true;
    }
    Frame oldest = next == head ? null : ring.get(next);
    return next < head && (oldest == null || !isWithinMaxAge(oldest, now));
  }

  private boolean isWithinMaxAge(Frame frame, long now) {
    return now - frame.offeredNanos() <= maxAgeNanos;
  }

  @Override
  public LossTotals lossesBefore() {
    return lossesBefore;
  }
}
