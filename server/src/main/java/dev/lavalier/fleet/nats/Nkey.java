package dev.lavalier.fleet.nats;

import dev.lavalier.access.ConfigFile;
import dev.lavalier.access.InvalidFileException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A key pair of a user of nats-server (Ed25519, written as an nkey). nats-server knows the public
 * key; the seed is secret. Immutable.
 */
public final class Nkey {

  static final String SETTING = "fleet-key";

  private static final String EXPECTED = "the seed of a user as nk writes it: SU and 56 more";
  private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; // base32
  private static final int SEED = 18 << 3; // S
  private static final int USER = 20 << 3; // U
  private static final int KEY_BYTES = 32;

  private final String seed;
  private final KeyPair pair;

  private Nkey(byte[] secret) throws GeneralSecurityException {
    this.seed = encode(new byte[] {(byte) (SEED | USER >> 5), 0}, secret);
    KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
    // The only way that the JDK has to the public key of a private key.
    generator.initialize(NamedParameterSpec.ED25519, new FixedRandom(secret));
    this.pair = generator.generateKeyPair();
    byte[] used = ((EdECPrivateKey) pair.getPrivate()).getBytes().orElseThrow();
    if (!Arrays.equals(used, secret)) {
      throw new GeneralSecurityException("the Java runtime makes no Ed25519 key of a seed");
    }
  }

  /** Returns a new, random key. */
  public static Nkey generate() {
    byte[] secret = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(secret);
    try {
      return new Nkey(secret);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads the file of a seed: one line, after empty lines and lines that begin with # or -. May
   * block on the file system.
   *
   * @throws InvalidFileException if it has no seed; the message has nothing of its content
   */
  static Nkey read(Path file) throws InvalidFileException {
    String text =
        new String(ConfigFile.bytes(ConfigFile.read(SETTING, file)), StandardCharsets.ISO_8859_1);
    String line =
        text.lines()
            .map(String::strip)
            .filter(each -> !each.isEmpty() && !each.startsWith("#") && !each.startsWith("-"))
            .findFirst()
            .orElse("");
    byte[] secret = secret(line);
    if (secret == null) {
      throw ConfigFile.invalid(SETTING, file, EXPECTED, null);
    }
    try {
      return new Nkey(secret);
    } catch (GeneralSecurityException e) {
      throw ConfigFile.invalid(SETTING, file, "a Java runtime with Ed25519", e);
    }
  }

  /** Returns the seed, for a file that only this server reads: SU and 56 more characters. */
  public String seed() {
    return seed;
  }

  /** Returns the public key, for the configuration of nats-server: U and 55 more characters. */
  public String publicKey() {
    byte[] encoded = pair.getPublic().getEncoded();
    byte[] key = Arrays.copyOfRange(encoded, encoded.length - KEY_BYTES, encoded.length);
    return encode(new byte[] {(byte) USER}, key);
  }

  /** Returns the public key, and nothing of the seed. */
  @Override
  public String toString() {
    return publicKey();
  }

  byte[] sign(byte[] data) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(pair.getPrivate());
      signature.update(data);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte @Nullable [] secret(String seed) {
    byte[] bytes = decode(seed.toUpperCase(Locale.ROOT));
    int body = bytes.length - 2;
    boolean valid =
        body == 2 + KEY_BYTES
            && (bytes[0] & 0xff) == (SEED | USER >> 5)
            && bytes[1] == 0 // of USER, only the upper three bits are not 0
            && crc(bytes, body) == ((bytes[body] & 0xff) | (bytes[body + 1] & 0xff) << 8);
    return valid ? Arrays.copyOfRange(bytes, 2, body) : null;
  }

  private static String encode(byte[] prefix, byte[] key) {
    int body = prefix.length + key.length;
    byte[] bytes = Arrays.copyOf(prefix, body + 2);
    System.arraycopy(key, 0, bytes, prefix.length, key.length);
    int crc = crc(bytes, body);
    bytes[body] = (byte) crc;
    bytes[body + 1] = (byte) (crc >> 8);
    StringBuilder text = new StringBuilder();
    int buffer = 0;
    int bits = 0;
    for (byte each : bytes) {
      buffer = (buffer << 8 | (each & 0xff)) & 0xffff;
      for (bits += 8; bits >= 5; bits -= 5) {
        text.append(ALPHABET.charAt(buffer >> (bits - 5) & 31));
      }
    }
    if (bits > 0) {
      text.append(ALPHABET.charAt(buffer << (5 - bits) & 31));
    }
    return text.toString();
  }

  /** Returns the bytes of a base32 text; none if it has another character. */
  private static byte[] decode(String text) {
    byte[] bytes = new byte[text.length() * 5 / 8];
    int length = 0;
    int buffer = 0;
    int bits = 0;
    for (int i = 0; i < text.length(); i++) {
      int value = ALPHABET.indexOf(text.charAt(i));
      if (value < 0) {
        return new byte[0];
      }
      buffer = (buffer << 5 | value) & 0xffff;
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        bytes[length++] = (byte) (buffer >> bits);
      }
    }
    return bytes;
  }

  /** Returns the check sum of nkeys: CRC-16/XMODEM. */
  private static int crc(byte[] bytes, int length) {
    int crc = 0;
    for (int i = 0; i < length; i++) {
      crc ^= (bytes[i] & 0xff) << 8;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 0x8000) == 0 ? crc << 1 : crc << 1 ^ 0x1021;
      }
    }
    return crc & 0xffff;
  }

  /** Returns the bytes of a seed as random bytes. */
  private static final class FixedRandom extends SecureRandom {
    private static final long serialVersionUID = 1L;
    private final byte[] bytes;

    FixedRandom(byte[] bytes) {
      super(null, null);
      this.bytes = bytes;
    }

    @Override
    public void nextBytes(byte[] result) {
      System.arraycopy(bytes, 0, result, 0, result.length);
    }
  }
}
