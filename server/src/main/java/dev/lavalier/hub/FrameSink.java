package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import java.util.Optional;

/**
 * Receives the messages of a subscription. All methods are called on the delivery loop of the
 * subscription, one at a time, and must not block. {@link #onStarted} is the first call, unless the
 * subscription ends before it starts; {@link #onEnd} is the last call.
 */
public interface FrameSink {

  /**
   * Returns whether a frame would be sent at once. After it returned false, {@link
   * Subscription#wake} must be called when the sink becomes ready.
   */
  boolean isReady();

  /**
   * Called when an epoch starts, regardless of {@link #isReady}. Called before the first frame of
   * the epoch.
   */
  void onStarted(StreamStart started);

  /**
   * Called for each frame, only while the sink is ready.
   *
   * @param gap the samples that are missing directly before the frame
   */
  void onFrame(Frame frame, Optional<Gap> gap);

  /**
   * Returns whether no message waits for a further task of the transport: each was sent, or waits
   * only for the peer. If false, the transport sends after the current task of the delivery loop.
   */
  default boolean isFlushed() {
    return false;
  }

  /** Called for each notice, regardless of {@link #isReady}. */
  void onNotice(Notice notice);

  /** Called when the subscription ends without being cancelled by the subscriber. */
  void onEnd(StreamException reason);
}
