package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import java.util.Optional;

/**
 * Where a subscription's messages go. Every method is called on the subscription's lane, one at a
 * time, and must not block. {@link #onStarted} comes first, {@link #onEnd} last.
 */
public interface FrameSink {

  /**
   * Tells whether a frame given now would go out at once. Where it answers no, {@link
   * Subscription#wake} must be called when that changes.
   */
  boolean isReady();

  /** An epoch begins. Sent whether ready or not. */
  void onStarted(StreamStart started);

  /** A frame, with what is missing just before it. Only while ready. */
  void onFrame(Frame frame, Optional<Gap> gap);

  /** A notice. Sent whether ready or not. */
  void onNotice(Notice notice);

  /** The subscription ends, and not by the subscriber's own wish. */
  void onEnd(StreamException reason);
}
