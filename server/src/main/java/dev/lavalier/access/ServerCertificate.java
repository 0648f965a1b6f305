package dev.lavalier.access;

/**
 * The certificate of a server, and whether the server requires one from its clients. The
 * certificate is replaced when its files change. Safe for use from any thread.
 */
public interface ServerCertificate {

  /** Returns the files that contain the certificate. */
  Reloadable<?> files();

  /** Returns the current certificate. Does not block. */
  TlsMaterial material();

  /** Returns whether every client must present a certificate. */
  boolean requiresClientCertificates();
}
