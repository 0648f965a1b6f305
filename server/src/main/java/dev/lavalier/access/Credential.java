package dev.lavalier.access;

import dev.lavalier.common.LogText;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import javax.security.auth.x500.X500Principal;

/**
 * The credential by which the server recognizes a caller as an entry of the token file. Immutable.
 */
public sealed interface Credential {

  /**
   * The prefix of generated tokens, which makes them recognizable, for example to secret scanners.
   */
  String TOKEN_PREFIX = "lav_";

  /**
   * A token.
   *
   * @param sha256Hex the SHA-256 of the token, in 64 lower-case hexadecimal digits
   */
  record Token(String sha256Hex) implements Credential {

    private static final int BYTES = 32;

    /** Creates a credential. Rejects any value that is not a SHA-256. */
    public Token {
      if (!sha256Hex.matches("[0-9a-f]{64}")) {
        throw new IllegalArgumentException("not a SHA-256"); // the value may be a secret
      }
    }

    /** Returns the credential for a token. */
    public static Token of(String token) {
      return new Token(HexFormat.of().formatHex(sha256(token)));
    }

    /** Returns a new token with 256 random bits. */
    public static String random(SecureRandom source) {
      byte[] bits = new byte[BYTES];
      source.nextBytes(bits);
      return TOKEN_PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
    }

    /** Compares in constant time, so that the duration does not reveal how many bytes match. */
    boolean matches(byte[] sha256) {
      return MessageDigest.isEqual(HexFormat.of().parseHex(sha256Hex), sha256);
    }

    static byte[] sha256(String token) {
      try {
        return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e); // every Java platform supports SHA-256
      }
    }

    @Override
    public String toString() {
      return "sha256:" + sha256Hex;
    }
  }

  /**
   * A user of this machine, over a Unix socket.
   *
   * @param uid the id of the user, 0 or more
   */
  record User(long uid) implements Credential {

    /** The largest id of a user on Linux. */
    private static final long MAX_UID = 0xFFFF_FFFEL;

    /** Creates a credential. Rejects a number that is not the id of a user. */
    public User {
      if (uid < 0 || uid > MAX_UID) {
        throw new IllegalArgumentException("not the id of a user");
      }
    }

    /** Returns the credential for an id in decimal digits. */
    public static User of(String digits) {
      if (!digits.matches("0|[1-9][0-9]{0,9}")) {
        throw new IllegalArgumentException("not the id of a user");
      }
      return new User(Long.parseLong(digits));
    }

    @Override
    public String toString() {
      return "uid:" + uid;
    }
  }

  /**
   * A client certificate that the client CA has signed.
   *
   * @param subject the subject of the certificate
   */
  record Certificate(X500Principal subject) implements Credential {
    /** Creates a credential. Rejects a subject that one line of text cannot represent. */
    public Certificate {
      String written = subject.getName();
      if (!LogText.isOneLine(written) || !new X500Principal(written).equals(subject)) {
        throw new IllegalArgumentException("not a subject in one line");
      }
    }

    @Override
    public String toString() {
      return "certificate:" + subject.getName();
    }
  }
}
