package dev.lavalier.client;

import io.netty.handler.ssl.NotSslRecordException;
import java.nio.file.Path;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLException;

/**
 * Why there is no encrypted connection, in words for whoever has to mend it.
 *
 * @param kind what can be done
 * @param message one line
 */
record HandshakeFailure(LavalierException.Kind kind, String message) {

  /** Java's own words; newer ones have more before them. */
  private static final String ALERT = "Received fatal alert: ";

  /** By which a server says that it does not take a client's certificate, or wants one. */
  private static final Set<String> ABOUT_THE_CLIENT =
      Set.of(
          "access_denied",
          "bad_certificate",
          "certificate_expired",
          "certificate_required",
          "certificate_revoked",
          "certificate_unknown",
          "unknown_ca",
          "unsupported_certificate");

  /** By which it says that the two have no way of encryption in common. */
  private static final Set<String> ABOUT_ENCRYPTION =
      Set.of(
          "handshake_failure",
          "insufficient_security",
          "no_application_protocol",
          "protocol_version");

  /**
   * Looks for it among the causes of a failed connection. Empty where trying again may help, as
   * where the connection was cut in the middle of it.
   */
  static Optional<HandshakeFailure> of(Throwable cause, ConnectOptions options) {
    String trusted =
        options
            .ca()
            .map(ca -> "a certificate that %s vouches for".formatted(ca))
            .orElse("a certificate that Java trusts");
    CertPathValidatorException checked = null;
    boolean unknown = false; // why it is, may stand deeper
    for (Throwable e = cause; e != null; e = e.getCause()) {
      if (e instanceof NotSslRecordException) {
        return Optional.of(distrust(options, "TLS", "it answers without"));
      } else if (e instanceof CertPathValidatorException validation) {
        checked = validation;
      } else if (e instanceof CertificateExpiredException) {
        return Optional.of(distrust(options, trusted, expired(culprit(checked), e.getMessage())));
      } else if (e instanceof CertificateNotYetValidException) {
        return Optional.of(distrust(options, trusted, notYet(culprit(checked), e.getMessage())));
      } else if (e instanceof CertPathBuilderException) {
        unknown = true;
      } else if (isAboutTheHost(e)) {
        return Optional.of(distrust(options, "a certificate for that name", e.getMessage()));
      } else if (e instanceof SSLException && String.valueOf(e.getMessage()).contains(ALERT)) {
        return alert(
            e.getMessage().substring(e.getMessage().indexOf(ALERT) + ALERT.length()), options);
      }
    }
    return unknown
        ? Optional.of(distrust(options, trusted, "its own has another issuer, or none"))
        : Optional.empty();
  }

  private static Optional<HandshakeFailure> alert(String alert, ConnectOptions options) {
    if (ABOUT_THE_CLIENT.contains(alert)) {
      return Optional.of(
          new HandshakeFailure(
              LavalierException.Kind.NOT_AUTHENTICATED,
              "cert: %s (expected: a certificate that %s trusts; %s)"
                  .formatted(
                      options.certificate().map(Path::toString).orElse("none"),
                      options.server(),
                      ownExpired(options).orElse("it says " + alert))));
    }
    return ABOUT_ENCRYPTION.contains(alert)
        ? Optional.of(distrust(options, "TLS 1.2 or 1.3", "it says " + alert))
        : Optional.empty();
  }

  /** Looks at the file as it is by now: the server does not say more. */
  private static Optional<String> ownExpired(ConnectOptions options) {
    try {
      return options
          .certificate()
          .map(file -> PemFiles.certificates("cert", file)[0])
          .filter(certificate -> certificate.getNotAfter().toInstant().isBefore(Instant.now()))
          .map(certificate -> expired(certificate, ""));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static HandshakeFailure distrust(ConnectOptions options, String expected, String why) {
    return new HandshakeFailure(
        LavalierException.Kind.NOT_TRUSTED,
        "server: %s (expected: %s; %s)".formatted(options.server(), expected, why));
  }

  /** Java's own words, since there is no other sign of it. */
  private static boolean isAboutTheHost(Throwable e) {
    String message = e.getMessage();
    return e instanceof CertificateException
        && message != null
        && (message.startsWith("No subject alternative ")
            || message.startsWith("No name matching"));
  }

  /** Returns the certificate that failed; null: unknown. */
  private static X509Certificate culprit(CertPathValidatorException e) {
    return e != null && e.getCertPath() != null && e.getIndex() >= 0
        ? (X509Certificate) e.getCertPath().getCertificates().get(e.getIndex())
        : null;
  }

  private static String expired(X509Certificate certificate, String words) {
    return certificate == null
        ? "one has expired, " + words
        : "that of %s has expired on %s"
            .formatted(subject(certificate), certificate.getNotAfter().toInstant());
  }

  private static String notYet(X509Certificate certificate, String words) {
    return certificate == null
        ? "one is not valid yet, " + words
        : "that of %s is valid from %s"
            .formatted(subject(certificate), certificate.getNotBefore().toInstant());
  }

  private static String subject(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().getName();
  }
}
