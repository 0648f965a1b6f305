package dev.lavalier.access;

/**
 * The certificate that a server shows, and what it demands of its clients. The certificate is
 * replaced when its files change. Safe for use from any thread.
 */
public interface ServerCertificate {

  /** Returns the files that it is read from. */
  Reloadable<?> files();

  /** Returns the certificate as it is now. */
  TlsMaterial material();

  /** Returns whether every client must have a certificate. */
  boolean requiresClientCertificates();
}
