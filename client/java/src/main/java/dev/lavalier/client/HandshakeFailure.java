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
  private static final String ALERT_PREFIX = "Received fatal alert: ";

  /** By which a server says that it does not take a client's certificate, or wants one. */
  private static final Set<String> CLIENT_CERTIFICATE_ALERTS =
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
  private static final Set<String> NEGOTIATION_ALERTS =
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
    CertPathValidatorException validationFailure = null;
    boolean pathNotFound = false; // why it is, may stand deeper
    for (Throwable e = cause; e != null; e = e.getCause()) {
      if (e instanceof NotSslRecordException) {
        return Optional.of(untrusted(options, "TLS", "it answers without"));
      } else if (e instanceof CertPathValidatorException validation) {
        validationFailure = validation;
      } else if (e instanceof CertificateExpiredException) {
        return Optional.of(
            untrusted(
                options,
                trusted,
                expiredMessage(failedCertificate(validationFailure), e.getMessage())));
      } else if (e instanceof CertificateNotYetValidException) {
        return Optional.of(
            untrusted(
                options,
                trusted,
                notYetValidMessage(failedCertificate(validationFailure), e.getMessage())));
      } else if (e instanceof CertPathBuilderException) {
        pathNotFound = true;
      } else if (isHostnameMismatch(e)) {
        return Optional.of(untrusted(options, "a certificate for that name", e.getMessage()));
      } else if (e instanceof SSLException
          && String.valueOf(e.getMessage()).contains(ALERT_PREFIX)) {
        return alert(
            e.getMessage().substring(e.getMessage().indexOf(ALERT_PREFIX) + ALERT_PREFIX.length()),
            options);
      }
    }
    return pathNotFound
        ? Optional.of(untrusted(options, trusted, "its own has another issuer, or none"))
        : Optional.empty();
  }

  private static Optional<HandshakeFailure> alert(String alert, ConnectOptions options) {
    if (CLIENT_CERTIFICATE_ALERTS.contains(alert)) {
      return Optional.of(
          new HandshakeFailure(
              LavalierException.Kind.NOT_AUTHENTICATED,
              "cert: %s (expected: a certificate that %s trusts; %s)"
                  .formatted(
                      options.certificate().map(Path::toString).orElse("none"),
                      options.server(),
                      clientCertificateExpired(options).orElse("it says " + alert))));
    }
    return NEGOTIATION_ALERTS.contains(alert)
        ? Optional.of(untrusted(options, "TLS 1.2 or 1.3", "it says " + alert))
        : Optional.empty();
  }

  /** Looks at the file as it is by now: the server does not say more. */
  private static Optional<String> clientCertificateExpired(ConnectOptions options) {
    try {
      return options
          .certificate()
          .map(file -> PemFiles.certificates("cert", file)[0])
          .filter(certificate -> certificate.getNotAfter().toInstant().isBefore(Instant.now()))
          .map(certificate -> expiredMessage(certificate, ""));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static HandshakeFailure untrusted(
      ConnectOptions options, String expected, String reason) {
    return new HandshakeFailure(
        LavalierException.Kind.TLS_FAILED,
        "server: %s (expected: %s; %s)".formatted(options.server(), expected, reason));
  }

  /** Java's own words, since there is no other sign of it. */
  private static boolean isHostnameMismatch(Throwable e) {
    String message = e.getMessage();
    return e instanceof CertificateException
        && message != null
        && (message.startsWith("No subject alternative ")
            || message.startsWith("No name matching"));
  }

  /** Returns the certificate that failed; null: unknown. */
  private static X509Certificate failedCertificate(CertPathValidatorException e) {
    return e != null && e.getCertPath() != null && e.getIndex() >= 0
        ? (X509Certificate) e.getCertPath().getCertificates().get(e.getIndex())
        : null;
  }

  private static String expiredMessage(X509Certificate certificate, String detail) {
    return certificate == null
        ? "one has expired, " + detail
        : "that of %s has expired on %s"
            .formatted(subject(certificate), certificate.getNotAfter().toInstant());
  }

  private static String notYetValidMessage(X509Certificate certificate, String detail) {
    return certificate == null
        ? "one is not valid yet, " + detail
        : "that of %s is valid from %s"
            .formatted(subject(certificate), certificate.getNotBefore().toInstant());
  }

  private static String subject(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().getName();
  }
}
