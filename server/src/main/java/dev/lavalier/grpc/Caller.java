package dev.lavalier.grpc;

import dev.lavalier.access.Grants;
import dev.lavalier.audio.CaptureException;
import dev.lavalier.audio.CaptureException.Reason;
import dev.lavalier.hub.Subscriber;
import io.grpc.Context;

/**
 * Who makes the call that runs on this thread, and what they may.
 *
 * @param subscriber who
 * @param grants what they may
 */
record Caller(Subscriber subscriber, Grants grants) {

  private static final Context.Key<Caller> KEY = Context.key("lavalier-caller");

  /** Returns the caller of the call that runs on this thread; there is one in every service. */
  static Caller current() {
    Caller caller = KEY.get();
    if (caller == null) { // never to be taken for somebody who may
      throw new IllegalStateException("a call without a caller");
    }
    return caller;
  }

  /** Returns the current context with this caller. */
  Context inContext() {
    return Context.current().withValue(KEY, this);
  }

  /**
   * Checks that the caller may hear a device that it named, or that is the default.
   *
   * @throws CaptureException NOT_PERMITTED; DEVICE_NOT_FOUND for one that it may not know of
   */
  void checkMayStream(String deviceId) throws CaptureException {
    if (grants.mayStream(deviceId)) {
      return;
    }
    if (grants.mayList(deviceId)) {
      throw new CaptureException(
          Reason.NOT_PERMITTED,
          "device_id: %s (expected: one that %s may stream)"
              .formatted(deviceId, subscriber.identity()));
    }
    throw new CaptureException(
        Reason.DEVICE_NOT_FOUND,
        "device_id: %s (expected: one that ListDevices lists)".formatted(deviceId));
  }
}
