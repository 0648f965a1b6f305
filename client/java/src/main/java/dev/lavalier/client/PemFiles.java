package dev.lavalier.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads certificates and keys. Error messages are one line and never quote the content of a file.
 */
final class PemFiles {

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]*)-----END PRIVATE KEY-----");

  private PemFiles() {}

  /**
   * Reads one or more certificates.
   *
   * @param option the option that names the file, for the message
   * @throws IllegalArgumentException if the file cannot be read or has no certificate
   */
  static X509Certificate[] certificates(String option, Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      X509Certificate[] certificates =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(in)
              .toArray(X509Certificate[]::new);
      if (certificates.length == 0) {
        throw new CertificateException("the file is empty");
      }
      return certificates;
    } catch (IOException | CertificateException e) {
      throw new IllegalArgumentException(
          "%s: %s (expected: certificates in PEM; %s)".formatted(option, file, describe(e)), e);
    }
  }

  /**
   * Reads the private key of a certificate.
   *
   * @throws IllegalArgumentException if the file cannot be read, has no key, or has the key of
   *     another certificate
   */
  static PrivateKey key(Path file, Path certificateFile, X509Certificate certificate) {
    String problem;
    try {
      Matcher pem = KEY.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
      if (pem.find()) {
        PublicKey publicKey = certificate.getPublicKey();
        PrivateKey key =
            KeyFactory.getInstance(publicKey.getAlgorithm())
                .generatePrivate(
                    new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem.group(1).strip())));
        if (matchesKey(key, publicKey)) {
          return key;
        }
        problem = "the key belongs to another certificate";
      } else {
        problem = "the file has none; convert with openssl pkcs8 -topk8 -nocrypt";
      }
    } catch (IOException e) {
      problem = describe(e);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      problem = "the key has another algorithm or is corrupt";
    }
    throw new IllegalArgumentException(
        "key: %s (expected: the private key of %s, in PEM, PKCS #8 without a password; %s)"
            .formatted(file, certificateFile, problem));
  }

  /**
   * Returns whether the keys are a pair: signs a payload with the private key and verifies it with
   * the public key.
   */
  private static boolean matchesKey(PrivateKey key, PublicKey publicKey)
      throws GeneralSecurityException {
    Signature signature =
        Signature.getInstance(
            switch (key.getAlgorithm()) {
              case "RSA" -> "SHA256withRSA";
              case "EC" -> "SHA256withECDSA";
              default -> "EdDSA";
            });
    byte[] payload = publicKey.getEncoded();
    signature.initSign(key);
    signature.update(payload);
    byte[] signed = signature.sign();
    signature.initVerify(publicKey);
    signature.update(payload);
    return signature.verify(signed);
  }

  private static String describe(Exception e) {
    return e instanceof NoSuchFileException
        ? "the file does not exist"
        : ConnectionFailure.rootCauseMessage(e);
  }
}
