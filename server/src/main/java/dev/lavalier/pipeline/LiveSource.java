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
 *
 * <p>The time that a frame waited on its way to this machine counts in its age. A frame that
 * arrived with more than the maximum age was lost on the way ({@link #lateFrames}).
 */
final class LiveSource implements FrameSource {

  private final FrameRing ring;
  private final int capacity;
  private final long maxAgeNanos;
  private final LossTotals lossesBefore;
  private long next; // number of the oldest frame that waits
  private long boundedUntil; // the capacity applies to the frames before this number
  private long skippedLate; // since the frame that was returned last
  private long lateFrames;

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
    long overwritten = 0; // just before the next frame
    while (true) {
      long head = ring.head();
      next = Math.max(next, boundedUntil - capacity);
      if (next == head) {
        ring.checkFailure();
        lateFrames = skippedLate;
        return null;
      }
      Frame frame = ring.get(next);
      if (frame == null) {
        overwritten += skipOverwritten();
        continue;
      }
      next++;
      if (isWithinMaxAge(frame, now)) {
        lateFrames = skippedLate;
        skippedLate = 0;
        return frame;
      }
      if (isLate(frame)) {
        skippedLate += 1 + overwritten; // those before it in a burst were even later
      }
      overwritten = 0;
    }
  }

  private long skipOverwritten() {
    long before = next;
    next = Math.max(next + 1, ring.oldestAvailable());
    return next - before;
  }

  @Override
  public long lateFrames() {
    return lateFrames;
  }

  @Override
  public boolean overflows(long now) {
    long head = ring.head();
    if (boundedUntil - next > capacity) {
      return true;
    }
    Frame oldest = next == head ? null : ring.get(next);
    return next < head && (oldest == null || (!isWithinMaxAge(oldest, now) && !isLate(oldest)));
  }

  /** Returns whether a frame had expired before it was offered. */
  private boolean isLate(Frame frame) {
    return frame.waitedNanos() > maxAgeNanos;
  }

  private boolean isWithinMaxAge(Frame frame, long now) {
    return frame.ageNanos(now) <= maxAgeNanos;
  }

  @Override
  public LossTotals lossesBefore() {
    return lossesBefore;
  }
}
