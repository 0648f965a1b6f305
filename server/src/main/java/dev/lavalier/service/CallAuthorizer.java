package dev.lavalier.service;

import dev.lavalier.access.Authentication;
import dev.lavalier.access.AuthenticationException;
import dev.lavalier.access.Authenticator;
import dev.lavalier.access.Peer;
import dev.lavalier.access.RejectionLog;
import dev.lavalier.access.Reloadable;
import dev.lavalier.access.ServerCertificate;
import dev.lavalier.access.TokenFile;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Authenticates and authorizes the caller of each call, before a service receives the call. Logs
 * the calls that it rejects. Safe for use from any thread. No method blocks.
 */
public final class CallAuthorizer {

  private final Authenticator authenticator;
  private final RejectionLog rejections;

  /**
   * Creates an authorizer. Without a token file and without a client CA it accepts every caller.
   *
   * @param tokens the token file; empty: none
   * @param certificate the certificate of the server; empty: no encryption
   * @param timeSource the clock for expiration
   * @param rejections the log of rejected calls
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

  /** Returns the certificate of the peer that TLS has verified; null session: no encryption. */
  public static Optional<X509Certificate> peerCertificate(@Nullable SSLSession session) {
    if (session == null) {
      return Optional.empty();
    }
    try {
      Certificate certificate = session.getPeerCertificates()[0];
      return certificate instanceof X509Certificate x509 ? Optional.of(x509) : Optional.empty();
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty(); // the server did not request a certificate
    }
  }

  /**
   * Authenticates the caller of a call, and checks that it can use the service.
   *
   * @param service the full name of the service
   * @param call the name of the call, for the log
   * @param authorization the values of the metadata {@code authorization}
   * @param peer the peer of the connection
   * @throws StreamException NOT_AUTHENTICATED or NOT_PERMITTED
   */
  public Caller authorize(String service, String call, List<String> authorization, Peer peer)
      throws StreamException {
    String address = peer.address();
    RequiredAccess requiredAccess = RequiredAccess.of(service);
    Authentication authentication;
    try {
      authentication = authenticator.authenticate(authorization, peer);
    } catch (AuthenticationException e) {
      if (requiredAccess != RequiredAccess.NONE) {
        rejections.rejected(address, call + ", " + e.reason());
        throw new StreamException(Reason.NOT_AUTHENTICATED, e.getMessage());
      }
      return Caller.withoutAccess(address);
    }
    Caller caller = new Caller(authentication, address, peer.via());
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
