package dev.lavalier.service;

import dev.lavalier.access.Authentication;
import dev.lavalier.access.AuthenticationException;
import dev.lavalier.access.Authenticator;
import dev.lavalier.access.Grants;
import dev.lavalier.access.RejectionLog;
import dev.lavalier.access.Reloadable;
import dev.lavalier.access.ServerCertificate;
import dev.lavalier.access.TokenFile;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Decides who may make a call, before any service hears of it. A call that it refuses is logged.
 * Safe for use from any thread; nothing here blocks.
 */
public final class CallAuthorizer {

  private final Authenticator authenticator;
  private final RejectionLog rejections;

  /**
   * Makes one. Without a token file and without a client CA it lets everybody in.
   *
   * @param tokens the token file; empty: none
   * @param certificate the server's; empty: no encryption
   * @param timeSource by which access expires
   * @param rejections where calls that are refused are logged
   */
  public CallAuthorizer(
      Optional<Reloadable<TokenFile>> tokens,
      Optional<? extends ServerCertificate> certificate,
      TimeSource timeSource,
      RejectionLog rejections) {
    this.authenticator =
        new Authenticator(
            tokens,
            certificate.map(ServerCertificate::requiresClientCertificates).orElse(false),
            () -> Instant.ofEpochSecond(0, timeSource.unixNanos()));
    this.rejections = rejections;
  }

  /**
   * Authenticates the caller, and checks that it may use the service.
   *
   * @param service the full name of the service
   * @param call the name of the call, for the log
   * @param authorization the values of the call's {@code authorization}
   * @param certificate the peer's, if the transport has verified one
   * @param address the peer's, as the records show it
   * @throws StreamException NOT_AUTHENTICATED, or NOT_PERMITTED
   */
  public Caller authorize(
      String service,
      String call,
      List<String> authorization,
      Optional<X509Certificate> certificate,
      String address)
      throws StreamException {
    RequiredAccess requiredAccess = RequiredAccess.of(service);
    Authentication authentication;
    try {
      authentication = authenticator.authenticate(authorization, certificate);
    } catch (AuthenticationException e) {
      if (requiredAccess != RequiredAccess.NONE) {
        rejections.rejected(address, call + ", " + e.reason());
        throw new StreamException(Reason.NOT_AUTHENTICATED, e.getMessage());
      }
      authentication = Authentication.anonymous(Grants.NONE);
    }
    Caller caller = new Caller(authentication, address);
    if (requiredAccess == RequiredAccess.ADMIN && !caller.grants().admin()) {
      String identity = caller.subscriber().identity();
      rejections.rejected(address, call + ", " + identity + " has no admin grant");
      throw new StreamException(
          Reason.NOT_PERMITTED,
          "%s: %s (expected: a caller with the admin grant)".formatted(service, identity));
    }
    return caller;
  }
}
