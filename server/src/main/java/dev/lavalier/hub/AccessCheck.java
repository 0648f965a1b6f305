package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import java.util.Optional;

/**
 * Decides whether a subscriber or watcher still has access. Called repeatedly while it is served,
 * on any thread. Must not block or throw.
 */
public interface AccessCheck {

  /** Always allows access. */
  AccessCheck ALWAYS_ALLOWED = new AccessCheck() {};

  /** Returns why all access is denied; empty: access is allowed. */
  default Optional<StreamException> denialReason() {
    return Optional.empty();
  }

  /** Returns why access to a device is denied; empty: access is allowed. */
  default Optional<StreamException> denialReason(String deviceId) {
    return Optional.empty();
  }
}
