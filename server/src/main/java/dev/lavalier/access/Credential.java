package dev.lavalier.access;

import dev.lavalier.common.LogText;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import javax.security.auth.x500.X500Principal;

/** How a caller shows that an entry of the token file is its own. Immutable. */
public sealed interface Credential {

  /** What a token that we made begins with, so that it is known for one wherever it turns up. */
  String TOKEN_PREFIX = "lav_";

  /** By a token with this SHA-256, in lower-case hexadecimal digits. */
  record Token(String sha256Hex) implements Credential {

    private static final int BYTES = 32;

    /** Checks that it is one. */
    public Token {
      if (!sha256Hex.matches("[0-9a-f]{64}")) {
        throw new IllegalArgumentException("not a SHA-256"); // what it is instead may be a secret
      }
    }

    /** Returns the proof by a token. */
    public static Token of(String token) {
      return new Token(HexFormat.of().formatHex(sha256(token)));
    }

    /** Returns a new token, of 256 random bits. */
    public static String random(SecureRandom source) {
      byte[] bits = new byte[BYTES];
      source.nextBytes(bits);
      return TOKEN_PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
    }

    /** Compares in a time that does not tell how much was right. */
    boolean matches(byte[] sha256) {
      return MessageDigest.isEqual(HexFormat.of().parseHex(sha256Hex), sha256);
    }

    static byte[] sha256(String token) {
      try {
        return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e); // every Java has it
      }
    }

    @Override
    public String toString() {
      return "sha256:" + sha256Hex;
    }
  }

  /** By a client certificate with this subject, which the client CA has signed. */
  record Certificate(X500Principal subject) implements Credential {
    /** Checks that it can be written in a line, and read again. */
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
