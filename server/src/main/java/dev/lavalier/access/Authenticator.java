package dev.lavalier.access;

import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Authenticates callers. If there is a token file, it defines all callers and their grants. If
 * there is only a client CA, each caller with a certificate of that CA can list and stream every
 * device. If there is neither, every caller can do everything.
 *
 * <p>A caller over a Unix socket is known by its user. It has no certificate: if there is only a
 * client CA, the permissions of the socket's file decide instead.
 *
 * <p>Safe for use from any thread. No method blocks.
 */
public final class Authenticator {

  /** The grants if there is only a client CA. */
  private static final Grants CAPTURE = new Grants(Set.of(Grants.ANY), Set.of(Grants.ANY), false);

  private static final String SCHEME = "bearer ";

  private final Optional<? extends Supplier<TokenFile>> tokens;
  private final boolean certificates;
  private final InstantSource clock;

  /**
   * Creates an authenticator.
   *
   * @param tokens supplies the current token file; empty: none
   * @param certificates whether every caller has a certificate that the client CA has signed
   * @param clock the clock for the expiration of entries and certificates
   */
  public Authenticator(
      Optional<? extends Supplier<TokenFile>> tokens, boolean certificates, InstantSource clock) {
    this.tokens = tokens;
    this.certificates = certificates;
    this.clock = clock;
  }

  /**
   * Authenticates a caller.
   *
   * @param authorization the values of its metadata {@code authorization}
   * @param peer what the transport knows about it
   * @throws AuthenticationException if the caller is unknown or its access has expired
   */
  public Authentication authenticate(List<String> authorization, Peer peer)
      throws AuthenticationException {
    Authentication authentication;
    if (tokens.isPresent()) {
      authentication = byTokenFile(authorization, peer);
    } else if (peer.uid().isPresent()) {
      Optional<Grants> grants = Optional.of(certificates ? CAPTURE : Grants.ALL);
      authentication = new CheckedAuthentication(user(peer.uid().getAsLong()), () -> grants);
    } else if (certificates) {
      authentication = byCertificate(peer.certificate());
    } else {
      return Authentication.anonymous(Grants.ALL);
    }
    if (authentication.grants().isEmpty()) {
      throw rejected("the access of " + authentication.name().orElseThrow() + " has expired");
    }
    return authentication;
  }

  private Authentication byCertificate(Optional<X509Certificate> certificate)
      throws AuthenticationException {
    X509Certificate presented = certificate.orElseThrow(() -> missing("no certificate"));
    return new CheckedAuthentication(
        subject(presented), () -> isValid(presented) ? Optional.of(CAPTURE) : Optional.empty());
  }

  private static String user(long uid) {
    return new Credential.User(uid).toString();
  }

  private Authentication byTokenFile(List<String> authorization, Peer peer)
      throws AuthenticationException {
    TokenFile file = tokens.orElseThrow().get();
    if (!authorization.isEmpty()) { // a certificate or user does not count then
      TokenEntry entry =
          file.byToken(token(authorization)).orElseThrow(() -> rejected("an unknown token"));
      return new CheckedAuthentication(entry.name(), () -> grantsOf(entry));
    }
    if (peer.uid().isPresent()) {
      long uid = peer.uid().getAsLong();
      TokenEntry entry =
          file.byUid(uid)
              .orElseThrow(
                  () ->
                      unset(
                          "a bearer token, or an entry for " + user(uid) + " in the token file",
                          "no token, and no entry for " + user(uid)));
      return new CheckedAuthentication(entry.name(), () -> grantsOf(entry));
    }
    X509Certificate presented =
        peer.certificate().orElseThrow(() -> missing("no token and no certificate"));
    TokenEntry entry =
        file.bySubject(presented.getSubjectX500Principal())
            .orElseThrow(() -> rejected("no entry for the certificate " + subject(presented)));
    return new CheckedAuthentication(
        entry.name(), () -> isValid(presented) ? grantsOf(entry) : Optional.empty());
  }

  /**
   * Returns the grants in the current file. The same name with another credential is another
   * caller.
   */
  private Optional<Grants> grantsOf(TokenEntry authenticated) {
    return tokens
        .orElseThrow()
        .get()
        .byName(authenticated.name())
        .filter(
            now ->
                now.credential().equals(authenticated.credential())
                    && now.isValidAt(clock.instant()))
        .map(TokenEntry::grants);
  }

  /** Checks only the end date. The transport has verified the rest during the handshake. */
  private boolean isValid(X509Certificate certificate) {
    return !clock.instant().isAfter(certificate.getNotAfter().toInstant());
  }

  private static String subject(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().getName();
  }

  private static String token(List<String> authorization) throws AuthenticationException {
    String value = authorization.get(0);
    if (authorization.size() > 1 || !value.toLowerCase(Locale.ROOT).startsWith(SCHEME)) {
      throw new AuthenticationException(
          "authorization: not understood (expected: \"Bearer TOKEN\", once)",
          "an authorization that is not one bearer token");
    }
    return value.substring(SCHEME.length()).strip();
  }

  private AuthenticationException missing(String reason) {
    return unset(
        certificates ? "a bearer token, or a client certificate" : "a bearer token", reason);
  }

  private static AuthenticationException unset(String expected, String reason) {
    return new AuthenticationException(
        "authorization: unset (expected: %s)".formatted(expected), reason);
  }

  private static AuthenticationException rejected(String reason) {
    return new AuthenticationException(
        "authorization: not accepted (expected: a token or certificate that this server knows)",
        reason);
  }

  private record CheckedAuthentication(String identity, Supplier<Optional<Grants>> now)
      implements Authentication {
    @Override
    public Optional<String> name() {
      return Optional.of(identity);
    }

    @Override
    public Optional<Grants> grants() {
      return now.get();
    }
  }
}
