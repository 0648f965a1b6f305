package dev.lavalier.service;

import dev.lavalier.access.Authentication;
import dev.lavalier.access.Grants;
import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.StreamException.Reason;
import dev.lavalier.hub.AccessCheck;
import dev.lavalier.hub.Subscriber;
import java.util.Optional;

/**
 * Who makes a call, and what the caller may do now: access can end during a call. Safe for use from
 * any thread.
 */
public final class Caller {

  private final Authentication authentication;
  private final Subscriber subscriber;

  /**
   * Makes a caller.
   *
   * @param authentication who it is, and what it may do
   * @param address where it calls from, as the records show it
   */
  public Caller(Authentication authentication, String address) {
    this.authentication = authentication;
    this.subscriber =
        new Subscriber(
            authentication.name().orElse(Subscriber.ANONYMOUS),
            address,
            new AccessCheck() {
              @Override
              public Optional<StreamException> denialReason() {
                return Caller.this.denialReason();
              }

              @Override
              public Optional<StreamException> denialReason(String deviceId) {
                return Caller.this.denialReason(deviceId);
              }
            });
  }

  /** Returns the caller as the hub knows it. */
  public Subscriber subscriber() {
    return subscriber;
  }

  /** Returns whether it may know of a device now. */
  public boolean canList(String deviceId) {
    return grants().canList(deviceId);
  }

  /** Returns what it may do now; nothing if its access has ended. */
  Grants grants() {
    return authentication.grants().orElse(Grants.NONE);
  }

  private Optional<StreamException> denialReason() {
    return authentication.grants().isPresent()
        ? Optional.empty()
        : Optional.of(
            new StreamException(
                Reason.NOT_AUTHENTICATED,
                "authorization: of %s (expected: access that has neither expired nor been revoked)"
                    .formatted(subscriber.identity())));
  }

  private Optional<StreamException> denialReason(String deviceId) {
    Optional<StreamException> denial = denialReason();
    return denial.isPresent() || grants().canStream(deviceId)
        ? denial
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
  void checkAuthenticated() throws StreamException {
    check(denialReason());
  }

  /**
   * Checks that the caller may hear a device that it may list.
   *
   * @throws StreamException NOT_PERMITTED, NOT_AUTHENTICATED
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
