package dev.lavalier.service;

import dev.lavalier.access.Authentication;
import dev.lavalier.access.Grants;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.AccessCheck;
import dev.lavalier.hub.Subscriber;
import java.util.Optional;

/**
 * The caller of a call, and its current grants. Access can end during a call. Safe for use from any
 * thread.
 */
public final class Caller {

  private final Authentication authentication;
  private final boolean hasAccess;
  private final Subscriber subscriber;

  /**
   * Creates a caller that the server accepts.
   *
   * @param authentication its identity and its grants
   * @param address its address, as logs show it
   */
  public Caller(Authentication authentication, String address) {
    this(authentication, address, "");
  }

  /**
   * Creates a caller that the server accepts.
   *
   * @param authentication its identity and its grants
   * @param address its address, as logs show it
   * @param via its transport, see {@link Subscriber#via}
   */
  public Caller(Authentication authentication, String address, String via) {
    this(authentication, address, via, true);
  }

  /** Creates a caller that needed a credential for access, and has none. It has no grants. */
  static Caller withoutAccess(String address) {
    return new Caller(Authentication.anonymous(Grants.NONE), address, "", false);
  }

  private Caller(Authentication authentication, String address, String via, boolean hasAccess) {
    this.authentication = authentication;
    this.hasAccess = hasAccess;
    this.subscriber =
        new Subscriber(
            authentication.name().orElse(Subscriber.ANONYMOUS),
            address,
            via,
            new AccessCheck() {
              @Override
              public Optional<StreamException> denialReason() {
                return Caller.this.accessEnd();
              }

              @Override
              public Optional<StreamException> denialReason(String deviceId) {
                return Caller.this.denialReason(deviceId);
              }
            });
  }

  /** Returns the caller as a subscriber of the hub. */
  public Subscriber subscriber() {
    return subscriber;
  }

  /**
   * Returns whether the server accepted the caller when the call started: it is authenticated, or
   * the server requires no authentication. Only the health service serves other callers.
   */
  public boolean hasAccess() {
    return hasAccess;
  }

  /** Returns the name of the caller; empty: it is anonymous. */
  Optional<String> name() {
    return authentication.name();
  }

  /** Returns whether the caller may list a device now. */
  public boolean canList(String deviceId) {
    return grants().canList(deviceId);
  }

  /** Returns the current grants; none if the access of the caller has ended. */
  Grants grants() {
    return authentication.grants().orElse(Grants.NONE);
  }

  /** Returns the reason why the access of the caller has ended; empty: it has not. */
  public Optional<StreamException> accessEnd() {
    return authentication.grants().isPresent()
        ? Optional.empty()
        : Optional.of(
            new StreamException(
                Reason.NOT_AUTHENTICATED,
                "authorization: of %s (expected: access that has neither expired nor been revoked)"
                    .formatted(subscriber.identity())));
  }

  private Optional<StreamException> denialReason(String deviceId) {
    Optional<StreamException> denial = accessEnd();
    return denial.isPresent() || grants().canStream(deviceId)
        ? denial
        : Optional.of(
            new StreamException(
                Reason.NOT_PERMITTED,
                "device_id: %s (expected: a device that %s may stream)"
                    .formatted(deviceId, subscriber.identity())));
  }

  /**
   * Checks that the access of the caller has not ended.
   *
   * @throws StreamException NOT_AUTHENTICATED if it has
   */
  void checkAuthenticated() throws StreamException {
    check(accessEnd());
  }

  /**
   * Checks that the caller can stream a device that it can list.
   *
   * @throws StreamException NOT_PERMITTED if it cannot, NOT_AUTHENTICATED if its access has ended
   */
  void checkCanStream(String deviceId) throws StreamException {
    check(denialReason(deviceId));
  }

  private static void check(Optional<StreamException> denial) throws StreamException {
    if (denial.isPresent()) {
      throw denial.get();
    }
  }
}
