package dev.lavalier.grpc;

import dev.lavalier.access.Authentication;
import dev.lavalier.access.Grants;
import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.StreamException.Reason;
import dev.lavalier.hub.AccessCheck;
import dev.lavalier.hub.Subscriber;
import io.grpc.Context;
import java.util.Optional;

/**
 * Who makes the call that runs on this thread, and what they may: at each moment, since access can
 * end during a call.
 */
final class Caller {

  private static final Context.Key<Caller> KEY = Context.key("lavalier-caller");

  private final Authentication admission;
  private final Subscriber subscriber;

  Caller(Authentication admission, String address) {
    this.admission = admission;
    this.subscriber =
        new Subscriber(
            admission.name().orElse(Subscriber.ANONYMOUS),
            address,
            new AccessCheck() {
              @Override
              public Optional<StreamException> denialReason() {
                return Caller.this.objection();
              }

              @Override
              public Optional<StreamException> denialReason(String deviceId) {
                return Caller.this.objection(deviceId);
              }
            });
  }

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

  Subscriber subscriber() {
    return subscriber;
  }

  /** Returns what it may at this moment; nothing, once its access has ended. */
  Grants grants() {
    return admission.grants().orElse(Grants.NONE);
  }

  private Optional<StreamException> objection() {
    return admission.grants().isPresent()
        ? Optional.empty()
        : Optional.of(
            new StreamException(
                Reason.NOT_AUTHENTICATED,
                "authorization: of %s (expected: access that has neither expired nor been revoked)"
                    .formatted(subscriber.identity())));
  }

  private Optional<StreamException> objection(String deviceId) {
    Optional<StreamException> objection = objection();
    return objection.isPresent() || grants().canStream(deviceId)
        ? objection
        : Optional.of(
            new StreamException(
                Reason.NOT_PERMITTED,
                "device_id: %s (expected: one that %s may stream)"
                    .formatted(deviceId, subscriber.identity())));
  }

  /**
   * Checks that its access has not ended meanwhile.
   *
   * @throws StreamException NOT_AUTHENTICATED
   */
  void checkKnown() throws StreamException {
    check(objection());
  }

  /**
   * Checks that the caller may hear a device that it may list.
   *
   * @throws StreamException NOT_PERMITTED, NOT_AUTHENTICATED
   */
  void checkMayStream(String deviceId) throws StreamException {
    check(objection(deviceId));
  }

  private static void check(Optional<StreamException> objection) throws StreamException {
    if (objection.isPresent()) {
      throw objection.get();
    }
  }
}
