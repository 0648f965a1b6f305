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
import org.jspecify.annotations.Nullable;

/**
 * The reason why an encrypted connection failed, for the person who has to fix it.
 *
 * @param kind the kind of failure
 * @param message one line
 */
record HandshakeFailure(LavalierException.Kind kind, String message) {

  /** Java's message for a received alert; newer Java versions put more text before it. */
  private static final String ALERT_PREFIX = "Received fatal alert: ";

  /** The alerts of a server that rejects a client's certificate or requires one. */
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

  /**
   * The alerts of a server that has no TLS version, cipher or protocol in common with this client.
   */
  private static final Set<String> NEGOTIATION_ALERTS =
      Set.of(
          "handshake_failure",
          "insufficient_security",
          "no_application_protocol",
          "protocol_version");

  /**
   * Searches the causes of a failed connection for a handshake failure. Returns empty if a retry
   * may help, for example if the connection was lost during the handshake.
   */
  static Optional<HandshakeFailure> of(Throwable cause, ConnectOptions options) {
    String trusted =
        options
            .ca()
            .map(ca -> "a certificate issued by a CA in %s".formatted(ca))
            .orElse("a certificate that Java trusts");
    CertPathValidatorException validationFailure = null;
    boolean pathNotFound = false; // a deeper cause may have the reason
    for (Throwable e = cause; e != null; e = e.getCause()) {
      if (e instanceof NotSslRecordException) {
        return Optional.of(untrusted(options, "TLS", "the server answers without TLS"));
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
        return Optional.of(otherName(options, e.getMessage()));
      } else if (e instanceof SSLException
          && String.valueOf(e.getMessage()).contains(ALERT_PREFIX)) {
        return alert(
            e.getMessage().substring(e.getMessage().indexOf(ALERT_PREFIX) + ALERT_PREFIX.length()),
            options);
      }
    }
    return pathNotFound
        ? Optional.of(
            untrusted(options, trusted, "the server's certificate has another issuer, or none"))
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
                      clientCertificateExpired(options).orElse("the server sent " + alert))));
    }
    return NEGOTIATION_ALERTS.contains(alert)
        ? Optional.of(untrusted(options, "TLS 1.2 or 1.3", "the server sent " + alert))
        : Optional.empty();
  }

  /**
   * Returns a message if the client certificate has expired. Reads the current file, because the
   * server does not report the reason.
   */
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

  private static HandshakeFailure otherName(ConnectOptions options, String reason) {
    return options
        .serverName()
        .map(
            name ->
                new HandshakeFailure(
                    LavalierException.Kind.TLS_FAILED,
                    "serverName: %s (expected: a name in the certificate of %s; %s)"
                        .formatted(name, options.server(), reason)))
        .orElseGet(() -> untrusted(options, "a certificate for that name", reason));
  }

  /** Compares Java's message, because nothing else identifies this failure. */
  private static boolean isHostnameMismatch(Throwable e) {
    String message = e.getMessage();
    return e instanceof CertificateException
        && message != null
        && (message.startsWith("No subject alternative ")
            || message.startsWith("No name matching"));
  }

  /** Returns the certificate that failed; null if it is unknown. */
  private static @Nullable X509Certificate failedCertificate(
      @Nullable CertPathValidatorException e) {
    return e != null && e.getCertPath() != null && e.getIndex() >= 0
        ? (X509Certificate) e.getCertPath().getCertificates().get(e.getIndex())
        : null;
  }

  private static String expiredMessage(@Nullable X509Certificate certificate, String detail) {
    return certificate == null
        ? "a certificate has expired, " + detail
        : "the certificate of %s expired on %s"
            .formatted(subject(certificate), certificate.getNotAfter().toInstant());
  }

  private static String notYetValidMessage(@Nullable X509Certificate certificate, String detail) {
    return certificate == null
        ? "a certificate is not valid yet, " + detail
        : "the certificate of %s is valid from %s"
            .formatted(subject(certificate), certificate.getNotBefore().toInstant());
  }

  private static String subject(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().getName();
  }
}
