package dev.lavalier.fleet.nats;

import dev.lavalier.access.ConfigFile;
import dev.lavalier.access.InvalidFileException;
import dev.lavalier.access.Pem;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The PEM files for TLS to nats-server. Immutable. The files are read for each connection, so a new
 * certificate is used from the next connection on.
 *
 * @param ca the CAs, one of which must have signed the certificate of nats-server; empty: those
 *     that the Java runtime trusts
 * @param certificate the certificate of this server, followed by the rest of its chain; empty: none
 *     is presented
 * @param privateKey its key, in PKCS #8, without a password; present if the certificate is
 */
public record NatsTls(Optional<Path> ca, Optional<Path> certificate, Optional<Path> privateKey) {

  static final String CA = "fleet-ca";
  static final String CERTIFICATE = "fleet-cert";
  static final String PRIVATE_KEY = "fleet-private-key";

  private static final char[] NO_PASSWORD = {};

  /**
   * Creates the set of files. Does not read them.
   *
   * @throws IllegalArgumentException if there is a certificate without a key, or the reverse
   */
  public NatsTls {
    if (certificate.isPresent() != privateKey.isPresent()) {
      String present = certificate.isPresent() ? CERTIFICATE : PRIVATE_KEY;
      throw new IllegalArgumentException(
          "%s: %s (expected: %s and %s together)"
              .formatted(
                  present,
                  certificate.or(() -> privateKey).orElseThrow(),
                  CERTIFICATE,
                  PRIVATE_KEY));
    }
  }

  /**
   * Reads the files, like {@link #context}. A certificate that is not valid now is not an error: a
   * machine without a battery starts with a wrong clock.
   */
  void check() throws InvalidFileException {
    var unused = context(false);
  }

  /**
   * Reads the files. May block on the file system.
   *
   * @return a context that checks the name of nats-server, too
   * @throws InvalidFileException if a file cannot be used
   */
  SSLContext context() throws InvalidFileException {
    return context(true);
  }

  private SSLContext context(boolean valid) throws InvalidFileException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keyManagers(valid), new TrustManager[] {trustManager()}, null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new InvalidFileException("fleet: TLS cannot be used: " + e.getMessage(), e);
    }
  }

  private KeyManager @Nullable [] keyManagers(boolean valid)
      throws InvalidFileException, GeneralSecurityException, IOException {
    if (certificate.isEmpty() || privateKey.isEmpty()) {
      return null;
    }
    Path file = certificate.get();
    Path keyFile = privateKey.get();
    List<X509Certificate> chain =
        Pem.certificates(CERTIFICATE, file, ConfigFile.read(CERTIFICATE, file));
    if (valid) { // nats-server does not say why it refuses a certificate
      Pem.checkValid(CERTIFICATE, file, chain.get(0));
    }
    PrivateKey key = Pem.key(PRIVATE_KEY, keyFile, ConfigFile.read(PRIVATE_KEY, keyFile));
    if (!Pem.matches(key, chain.get(0))) {
      throw ConfigFile.invalid(PRIVATE_KEY, keyFile, "the key of the certificate in " + file, null);
    }
    KeyStore store = emptyStore();
    store.setKeyEntry("key", key, NO_PASSWORD, chain.toArray(new X509Certificate[0]));
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private NamedTrust trustManager()
      throws InvalidFileException, GeneralSecurityException, IOException {
    KeyStore store = null;
    if (ca.isPresent()) {
      store = emptyStore();
      for (X509Certificate each : Pem.certificates(CA, ca.get(), ConfigFile.read(CA, ca.get()))) {
        store.setCertificateEntry("ca" + store.size(), each);
      }
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return new NamedTrust((X509ExtendedTrustManager) factory.getTrustManagers()[0]);
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, NO_PASSWORD);
    return store;
  }

  /**
   * Compares the name of the peer with its certificate, which the client library does not do.
   * Otherwise any node, whose certificate has the same CA, could answer as nats-server.
   */
  private static final class NamedTrust extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager trust;

    NamedTrust(X509ExtendedTrustManager trust) {
      this.trust = trust;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
        throws CertificateException {
      SSLSocket peer = (SSLSocket) socket;
      SSLParameters parameters = peer.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      peer.setSSLParameters(parameters);
      trust.checkServerTrusted(chain, authType, peer);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
        throws CertificateException {
      throw notNamed();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
        throws CertificateException {
      throw notNamed();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
        throws CertificateException {
      throw notNamed();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
        throws CertificateException {
      throw notNamed();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
        throws CertificateException {
      throw notNamed();
    }

    private static CertificateException notNamed() {
      return new CertificateException("the name of the peer is not known");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return trust.getAcceptedIssuers();
    }
  }
}
