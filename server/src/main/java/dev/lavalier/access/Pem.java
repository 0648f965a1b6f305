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
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parses certificates and private keys in PEM form. Safe for use from any thread. */
public final class Pem {

  private static final Pattern PEM =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");

  private Pem() {}

  /**
   * Returns the certificates of a file, at least one.
   *
   * @param setting the setting that names the file, for messages
   * @throws InvalidFileException if there is none
   */
  public static List<X509Certificate> certificates(String setting, Path file, ByteBuffer content)
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

  /**
   * Checks that a certificate is valid now.
   *
   * @param setting the setting that names the file, for messages
   * @throws InvalidFileException if it is not
   */
  public static void checkValid(String setting, Path file, X509Certificate certificate)
      throws InvalidFileException {
    try {
      certificate.checkValidity();
    } catch (CertificateExpiredException e) {
      throw ConfigFile.invalid(
          setting,
          file,
          "a certificate that has not expired; it expired on "
              + certificate.getNotAfter().toInstant(),
          e);
    } catch (CertificateNotYetValidException e) {
      throw ConfigFile.invalid(
          setting,
          file,
          "a certificate that is already valid; it is valid from "
              + certificate.getNotBefore().toInstant(),
          e);
    }
  }

  /**
   * Returns the private key of a file: PKCS #8, without a password.
   *
   * @param setting the setting that names the file, for messages
   * @throws InvalidFileException if there is none; its message has nothing of the content
   */
  public static PrivateKey key(String setting, Path file, ByteBuffer content)
      throws InvalidFileException {
    String text = new String(ConfigFile.bytes(content), StandardCharsets.US_ASCII);
    Matcher pem = PEM.matcher(text);
    String others = "";
    while (pem.find()) {
      if (pem.group(1).equals("PRIVATE KEY")) {
        return key(setting, file, pem.group(2));
      }
      others = "; it contains " + pem.group(1) + ", see openssl pkcs8 -topk8 -nocrypt";
    }
    throw ConfigFile.invalid(
        setting, file, "a PRIVATE KEY in PEM form (PKCS #8, no password)" + others, null);
  }

  private static PrivateKey key(String setting, Path file, String base64)
      throws InvalidFileException {
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
    throw ConfigFile.invalid(setting, file, "a complete RSA, EC or Ed25519 key", null);
  }

  /**
   * Returns whether a key is that of a certificate: signs data with the key, and verifies the
   * signature with the certificate.
   */
  public static boolean matches(PrivateKey key, X509Certificate certificate) {
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
}
