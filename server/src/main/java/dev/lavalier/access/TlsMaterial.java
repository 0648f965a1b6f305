package dev.lavalier.access;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The certificate of the server. It was valid when it was read, and the key matches it. Immutable.
 *
 * @param chain the certificate, followed by the rest of its chain
 * @param key the private key
 * @param clientCas the CAs of the clients; empty: clients need no certificate
 */
public record TlsMaterial(
    List<X509Certificate> chain, PrivateKey key, List<X509Certificate> clientCas) {

  private static final Pattern PEM =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");

  /** Creates the material with copies of the lists. */
  public TlsMaterial {
    chain = List.copyOf(chain);
    clientCas = List.copyOf(clientCas);
  }

  static TlsMaterial of(TlsFiles files, List<ByteBuffer> contents) throws InvalidFileException {
    List<X509Certificate> chain =
        certificates(TlsFiles.CERTIFICATE, files.certificate(), contents.get(0));
    checkValid(files.certificate(), chain.get(0));
    PrivateKey key = key(files.key(), contents.get(1));
    if (!matchesKey(key, chain.get(0))) {
      throw ConfigFile.invalid(
          TlsFiles.KEY, files.key(), "the key of the certificate in " + files.certificate(), null);
    }
    Optional<Path> ca = files.clientCa();
    return new TlsMaterial(
        chain,
        key,
        ca.isEmpty() ? List.of() : certificates(TlsFiles.CLIENT_CA, ca.get(), contents.get(2)));
  }

  private static List<X509Certificate> certificates(String setting, Path file, ByteBuffer content)
      throws InvalidFileException {
    try {
      List<X509Certificate> found =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(ConfigFile.bytes(content)))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (!found.isEmpty()) {
        return found;
      }
    } catch (GeneralSecurityException e) {
      throw ConfigFile.invalid(setting, file, "certificates in PEM form", e);
    }
    throw ConfigFile.invalid(setting, file, "at least one certificate in PEM form", null);
  }

  private static void checkValid(Path file, X509Certificate certificate)
      throws InvalidFileException {
    try {
      certificate.checkValidity();
    } catch (CertificateExpiredException e) {
      throw ConfigFile.invalid(
          TlsFiles.CERTIFICATE,
          file,
          "a certificate that has not expired; it expired on "
              + certificate.getNotAfter().toInstant(),
          e);
    } catch (CertificateNotYetValidException e) {
      throw ConfigFile.invalid(
          TlsFiles.CERTIFICATE,
          file,
          "a certificate that is already valid; it is valid from "
              + certificate.getNotBefore().toInstant(),
          e);
    }
  }

  private static PrivateKey key(Path file, ByteBuffer content) throws InvalidFileException {
    String text = new String(ConfigFile.bytes(content), StandardCharsets.US_ASCII);
    Matcher pem = PEM.matcher(text);
    String others = "";
    while (pem.find()) {
      if (pem.group(1).equals("PRIVATE KEY")) {
        return key(file, pem.group(2));
      }
      others = "; it contains " + pem.group(1) + ", see openssl pkcs8 -topk8 -nocrypt";
    }
    throw ConfigFile.invalid(
        TlsFiles.KEY, file, "a PRIVATE KEY in PEM form (PKCS #8, no password)" + others, null);
  }

  private static PrivateKey key(Path file, String base64) throws InvalidFileException {
    try {
      PKCS8EncodedKeySpec spec =
          new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(base64.strip()));
      for (String algorithm : List.of("RSA", "EC", "Ed25519", "Ed448")) {
        try {
          return KeyFactory.getInstance(algorithm).generatePrivate(spec);
        } catch (GeneralSecurityException e) {
          // not a key of this algorithm
        }
      }
    } catch (IllegalArgumentException e) {
      // not base64; reported below, without the content
    }
    throw ConfigFile.invalid(TlsFiles.KEY, file, "a complete RSA, EC or Ed25519 key", null);
  }

  /** Signs data with the key, and verifies the signature with the certificate. */
  private static boolean matchesKey(PrivateKey key, X509Certificate certificate) {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> "EdDSA";
        };
    try {
      byte[] data = certificate.getTBSCertificate();
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(data);
      byte[] signature = signer.sign();
      signer.initVerify(certificate.getPublicKey());
      signer.update(data);
      return signer.verify(signature);
    } catch (GeneralSecurityException e) {
      return false; // for example, another algorithm
    }
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
