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
public final class Access {

  private static final Grants OF_ANY_CERTIFICATE =
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
  public Access(
      Optional<? extends Supplier<TokenFile>> tokens, boolean certificates, InstantSource clock) {
    this.tokens = tokens;
    this.certificates = certificates;
    this.clock = clock;
  }

  /** Returns whether a caller must be known. */
  public boolean asks() {
    return tokens.isPresent() || certificates;
  }

  /**
   * Lets a caller in.
   *
   * @param authorization the values of its metadata {@code authorization}
   * @param certificate its own, which the transport has found to be one of the client CA's
   * @throws RefusedException where it is not known
   */
  public Admission admit(List<String> authorization, Optional<X509Certificate> certificate)
      throws RefusedException {
    if (!asks()) {
      return Admission.anonymous(Grants.ALL);
    }
    Admission admission =
        tokens.isEmpty() ? byAnyCertificate(certificate) : byEntry(authorization, certificate);
    if (admission.grants().isEmpty()) {
      throw notAccepted("the access of " + admission.name().orElseThrow() + " has expired");
    }
    return admission;
  }

  private Admission byAnyCertificate(Optional<X509Certificate> certificate)
      throws RefusedException {
    X509Certificate shown = certificate.orElseThrow(() -> missing("no certificate"));
    return new Known(
        subject(shown), () -> isValid(shown) ? Optional.of(OF_ANY_CERTIFICATE) : Optional.empty());
  }

  private Admission byEntry(List<String> authorization, Optional<X509Certificate> certificate)
      throws RefusedException {
    TokenFile file = tokens.orElseThrow().get();
    if (!authorization.isEmpty()) { // and nothing else counts then
      Entry entry =
          file.byToken(token(authorization)).orElseThrow(() -> notAccepted("an unknown token"));
      return new Known(entry.name(), () -> grantsOf(entry));
    }
    X509Certificate shown = certificate.orElseThrow(() -> missing("no token and no certificate"));
    Entry entry =
        file.bySubject(shown.getSubjectX500Principal())
            .orElseThrow(() -> notAccepted("no entry for the certificate " + subject(shown)));
    return new Known(entry.name(), () -> isValid(shown) ? grantsOf(entry) : Optional.empty());
  }

  /** Looks at the file as it is now: the same name with another proof is somebody else. */
  private Optional<Grants> grantsOf(Entry admitted) {
    return tokens
        .orElseThrow()
        .get()
        .byName(admitted.name())
        .filter(now -> now.proof().equals(admitted.proof()) && now.isValidAt(clock.instant()))
        .map(Entry::grants);
  }

  /** The transport has checked the rest, when the connection was made. */
  private boolean isValid(X509Certificate certificate) {
    return !clock.instant().isAfter(certificate.getNotAfter().toInstant());
  }

  private static String subject(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().getName();
  }

  private static String token(List<String> authorization) throws RefusedException {
    String value = authorization.get(0);
    if (authorization.size() > 1 || !value.toLowerCase(Locale.ROOT).startsWith(SCHEME)) {
      throw new RefusedException(
          "authorization: not understood (expected: \"Bearer TOKEN\", once)",
          "an authorization that is not one bearer token");
    }
    return value.substring(SCHEME.length()).strip();
  }

  private RefusedException missing(String reason) {
    return new RefusedException(
        "authorization: unset (expected: %s)"
            .formatted(certificates ? "a bearer token, or a client certificate" : "a bearer token"),
        reason);
  }

  private static RefusedException notAccepted(String reason) {
    return new RefusedException(
        "authorization: not accepted (expected: a token or certificate that this server knows)",
        reason);
  }

  private record Known(String who, Supplier<Optional<Grants>> now) implements Admission {
    @Override
    public Optional<String> name() {
      return Optional.of(who);
    }

    @Override
    public Optional<Grants> grants() {
      return now.get();
    }
  }
}
