package dev.lavalier.simulation;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.AccessCheck;
import dev.lavalier.hub.Hub;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which user may hear which node. Each edge reads the grants once in a second, as a server reads
 * its token file.
 */
final class FleetGrants {

  /** The interval between two readings of an edge. */
  static final long INTERVAL_NANOS = 1_000_000_000L;

  private final Map<String, Long> revokedAt = new HashMap<>(); // by user and node

  private static String key(String user, String deviceId) {
    return user + "@" + deviceId.substring(0, deviceId.indexOf('/'));
  }

  /** Revokes the access of a user to the node of a device at a time, or grants it again. */
  void change(String user, String deviceId, long now) {
    if (revokedAt.remove(key(user, deviceId)) == null) {
      revokedAt.put(key(user, deviceId), now);
    }
  }

  /** Returns when the access was revoked; the maximum value: it was not. */
  long revokedAt(String user, String deviceId) {
    return revokedAt.getOrDefault(key(user, deviceId), Long.MAX_VALUE);
  }

  /** The grants as an edge has read them. */
  final class Copy {
    private Map<String, Long> revoked = Map.copyOf(revokedAt);
    private final List<Access> served = new ArrayList<>();

    /** Reads the grants, and ends the subscriptions that do not have access any more. */
    void read(Hub hub) {
      revoked = Map.copyOf(revokedAt);
      for (Access each : List.copyOf(served)) {
        if (denies(each.user, each.deviceId)) {
          each.denied = true; // one by one: a hub ends its subscriptions in any order
          served.remove(each);
          hub.revokeUnauthorized();
        }
      }
    }

    boolean denies(String user, String deviceId) {
      return revoked.containsKey(key(user, deviceId));
    }

    /** Returns the access of a subscription, which has not been denied. */
    AccessCheck access(String user, String deviceId) {
      Access access = new Access(user, deviceId);
      served.add(access);
      return access;
    }
  }

  private static final class Access implements AccessCheck {
    private final String user;
    private final String deviceId;
    private boolean denied;

    private Access(String user, String deviceId) {
      this.user = user;
      this.deviceId = deviceId;
    }

    @Override
    public Optional<StreamException> denialReason(String device) {
      return denied
          ? Optional.of(new StreamException(Reason.NOT_PERMITTED, "revoked"))
          : Optional.empty();
    }
  }
}
