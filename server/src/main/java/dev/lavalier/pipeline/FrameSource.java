package dev.lavalier.pipeline;

import org.jspecify.annotations.Nullable;

/**
 * The frames of one subscription, in order: live ({@link LiveSource}) or from the history ({@link
 * ReplaySource}). Used by the subscription's delivery loop only; never blocks.
 *
 * <p>Times are steady nanoseconds.
 */
public sealed interface FrameSource permits LiveSource, ReplaySource {

  /**
   * Starts a turn on the delivery loop: sets the amount of work that {@link #poll} may do until the
   * next turn.
   *
   * @param ready whether the subscriber is ready. If not, the bound on the number of frames applies
   *     to the frames that wait now
   */
  void startTurn(boolean ready);

  /**
   * Removes and returns the next frame; null if there is nothing to send now.
   *
   * @throws IllegalStateException if no more frames will come, because the encoder has failed
   */
  @Nullable Frame poll(long now);

  /**
   * Returns how many frames were skipped because they had expired on their way to this machine:
   * before the frame that the last {@link #poll} returned, or since the last frame if it returned
   * null.
   */
  default long lateFrames() {
    return 0;
  }

  /** Records that the frame returned last was sent. */
  default void onSent() {}

  /** Returns whether no frame waits, and more will come. */
  boolean isEmpty();

  /** Returns whether the next {@link #poll} would skip frames because the bounds are exceeded. */
  boolean overflows(long now);

  /**
   * Returns whether {@link #poll} returned null only because its turn is over. Other subscriptions
   * then get a turn first.
   */
  default boolean hasMoreWork() {
    return false;
  }

  /**
   * Returns the source that continues this one.
   *
   * @param nextIndex index of the sample that should come next
   * @return this source, or the source that replaces it from now on
   */
  default FrameSource successor(long nextIndex) {
    return this;
  }

  /** Returns whether the source reads the history. */
  default boolean readsHistory() {
    return false;
  }

  /** Returns the samples that the framer skipped before the source's first frame. */
  LossTotals lossesBefore();
}
