package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import java.util.Optional;

/**
 * Whether a subscriber or watcher may go on: asked again and again while it is served. Asked on any
 * thread; must neither block nor throw.
 */
public interface AccessCheck {

  /** May go on for ever. */
  AccessCheck ALWAYS_ALLOWED = new AccessCheck() {};

  /** Returns why it may be told nothing any more; empty: it may go on. */
  default Optional<StreamException> denialReason() {
    return Optional.empty();
  }

  /** Returns why it may not go on to hear a device; empty: it may. */
  default Optional<StreamException> denialReason(String deviceId) {
    return Optional.empty();
  }
}
