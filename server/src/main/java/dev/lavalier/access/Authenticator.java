package dev.lavalier.access;

import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Who is let in. Where there is a token file, it says all. Where there is only a client CA, whoever
 * has a certificate of it may list and stream every device. Where there is neither, everybody may
 * do everything.
 *
 * <p>Safe for use from any thread; nothing here blocks.
 */
public final class Authenticator {

  private static final Grants CERTIFICATE_ONLY =
      new Grants(Set.of(Grants.ANY), Set.of(Grants.ANY), false);

  private static final String SCHEME = "bearer ";

  private final Optional<? extends Supplier<TokenFile>> tokens;
  private final boolean certificates;
  private final InstantSource clock;

  /**
   * Makes the rules.
   *
   * @param tokens the token file, as it is at the moment; empty: none
   * @param certificates whether every caller has a certificate that the client CA has signed
   * @param clock by which things expire
   */
  public Authenticator(
      Optional<? extends Supplier<TokenFile>> tokens, boolean certificates, InstantSource clock) {
    this.tokens = tokens;
    this.certificates = certificates;
    this.clock = clock;
  }

  /** Returns whether a caller must be known. */
  public boolean isRequired() {
    return tokens.isPresent() || certificates;
  }

  /**
   * Lets a caller in.
   *
   * @param authorization the values of its metadata {@code authorization}
   * @param certificate its own, which the transport has found to be one of the client CA's
   * @throws AuthenticationException where it is not known
   */
  public Authentication authenticate(
      List<String> authorization, Optional<X509Certificate> certificate)
      throws AuthenticationException {
    if (!isRequired()) {
      return Authentication.anonymous(Grants.ALL);
    }
    Authentication authentication =
        tokens.isEmpty() ? byCertificate(certificate) : byTokenFile(authorization, certificate);
    if (authentication.grants().isEmpty()) {
      throw rejected("the access of " + authentication.name().orElseThrow() + " has expired");
    }
    return authentication;
  }

  private Authentication byCertificate(Optional<X509Certificate> certificate)
      throws AuthenticationException {
    X509Certificate presented = certificate.orElseThrow(() -> missing("no certificate"));
    return new CheckedAuthentication(
        subject(presented),
        () -> isValid(presented) ? Optional.of(CERTIFICATE_ONLY) : Optional.empty());
  }

  private Authentication byTokenFile(
      List<String> authorization, Optional<X509Certificate> certificate)
      throws AuthenticationException {
    TokenFile file = tokens.orElseThrow().get();
    if (!authorization.isEmpty()) { // and nothing else counts then
      TokenEntry entry =
          file.byToken(token(authorization)).orElseThrow(() -> rejected("an unknown token"));
      return new CheckedAuthentication(entry.name(), () -> grantsOf(entry));
    }
    X509Certificate presented =
        certificate.orElseThrow(() -> missing("no token and no certificate"));
    TokenEntry entry =
        file.bySubject(presented.getSubjectX500Principal())
            .orElseThrow(() -> rejected("no entry for the certificate " + subject(presented)));
    return new CheckedAuthentication(
        entry.name(), () -> isValid(presented) ? grantsOf(entry) : Optional.empty());
  }

  /** Looks at the file as it is now: the same name with another proof is somebody else. */
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

  /** The transport has checked the rest, when the connection was made. */
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
    return new AuthenticationException(
        "authorization: unset (expected: %s)"
            .formatted(certificates ? "a bearer token, or a client certificate" : "a bearer token"),
        reason);
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
