package dev.lavalier.access;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The certificate of the server. It was valid when it was read, and the key matches it. Immutable.
 *
 * @param chain the certificate, followed by the rest of its chain
 * @param key the private key
 * @param clientCas the CAs of the clients; empty: clients need no certificate
 */
public record TlsMaterial(
    List<X509Certificate> chain, PrivateKey key, List<X509Certificate> clientCas) {

  /** Creates the material with copies of the lists. */
  public TlsMaterial {
    chain = List.copyOf(chain);
    clientCas = List.copyOf(clientCas);
  }

  static TlsMaterial of(TlsFiles files, List<ByteBuffer> contents) throws InvalidFileException {
    List<X509Certificate> chain =
        Pem.certificates(TlsFiles.CERTIFICATE, files.certificate(), contents.get(0));
    Pem.checkValid(TlsFiles.CERTIFICATE, files.certificate(), chain.get(0));
    PrivateKey key = Pem.key(TlsFiles.KEY, files.key(), contents.get(1));
    if (!Pem.matches(key, chain.get(0))) {
      throw ConfigFile.invalid(
          TlsFiles.KEY, files.key(), "the key of the certificate in " + files.certificate(), null);
    }
    Optional<Path> ca = files.clientCa();
    return new TlsMaterial(
        chain,
        key,
        ca.isEmpty() ? List.of() : Pem.certificates(TlsFiles.CLIENT_CA, ca.get(), contents.get(2)));
  }

  /** Returns the time until the certificate expires; negative if it has expired. */
  public Duration remainingValidity(Instant now) {
    return Duration.between(now, chain.get(0).getNotAfter().toInstant());
  }

  /** Returns the subject and the end date of the certificate, for the log. */
  @Override
  public String toString() {
    X509Certificate certificate = chain.get(0);
    return certificate.getSubjectX500Principal().getName()
        + " until "
        + certificate.getNotAfter().toInstant()
        + (clientCas.isEmpty() ? "" : ", clients of " + clientNames());
  }

  private String clientNames() {
    return String.join(
        "; ", clientCas.stream().map(ca -> ca.getSubjectX500Principal().getName()).toList());
  }
}
