package dev.lavalier.access;

import dev.lavalier.common.LogText;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.security.auth.x500.X500Principal;

/**
 * The callers that have access, as read from a token file. docs/reference/token-file.md describes
 * the format. The file contains no tokens, only their hashes. Immutable.
 */
public final class TokenFile {

  static final String KEY = "token-file";

  /** A token file without entries. */
  static final TokenFile EMPTY = new TokenFile();

  private final List<String> lines;
  private final Map<String, TokenEntry> entries = new LinkedHashMap<>(); // by name
  private final Map<String, Integer> lineOf = new HashMap<>();
  private final Map<X500Principal, TokenEntry> bySubject = new HashMap<>();
  private final Map<Long, TokenEntry> byUid = new HashMap<>();

  private TokenFile() {
    this.lines = List.of();
  }

  private TokenFile(Path file, List<String> lines) throws InvalidFileException {
    this.lines = List.copyOf(lines);
    for (int i = 0; i < lines.size(); i++) {
      try {
        Optional<TokenEntry> entry = parse(lines.get(i));
        if (entry.isPresent()) {
          add(entry.get(), i);
        }
      } catch (IllegalArgumentException e) {
        throw new InvalidFileException(
            "%s: %s:%d: %s".formatted(KEY, file, i + 1, e.getMessage()), e);
      }
    }
  }

  private void add(TokenEntry entry, int line) {
    if (entries.values().stream().anyMatch(e -> e.credential().equals(entry.credential()))) {
      throw new IllegalArgumentException(
          "word 2 (expected: a credential that no earlier line has)");
    }
    if (entries.put(entry.name(), entry) != null) {
      throw new IllegalArgumentException(
          "%s (expected: a name that no earlier line has)".formatted(entry.name()));
    }
    lineOf.put(entry.name(), line);
    if (entry.credential() instanceof Credential.Certificate certificate) {
      bySubject.put(certificate.subject(), entry);
    } else if (entry.credential() instanceof Credential.User user) {
      byUid.put(user.uid(), entry);
    }
  }

  /**
   * Reads a token file for the {@code token} commands, and checks that only its owner can write it.
   * May block on the file system.
   *
   * @throws InvalidFileException if the file cannot be used; its message is one line for the
   *     operator
   */
  public static TokenFile read(Path file) throws InvalidFileException {
    return parse(file, content(file));
  }

  /**
   * Reads a token file for a server, which can reload it. Checks that only its owner can write it,
   * and that the owner is root or the user of this process. May block on the file system.
   *
   * @throws InvalidFileException if the file cannot be used
   */
  public static Reloadable<TokenFile> reloadable(Path file) throws InvalidFileException {
    return new Reloadable<>(
        "token file",
        () -> {
          ByteBuffer content = content(file);
          Optional<String> owner = ConfigFile.foreignOwner(file);
          if (owner.isPresent()) {
            throw ConfigFile.invalid(
                KEY,
                file,
                "a file whose owner is root or the user of the server, not %s; see chown"
                    .formatted(LogText.sanitizeAndTruncate(owner.get())),
                null);
          }
          return List.of(content);
        },
        contents -> parse(file, contents.get(0)));
  }

  private static ByteBuffer content(Path file) throws InvalidFileException {
    ByteBuffer content = ConfigFile.read(KEY, file);
    Set<PosixFilePermission> permissions = ConfigFile.permissions(file);
    if (permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw ConfigFile.invalid(
          KEY, file, "a file that only its owner can write; see chmod go-w", null);
    }
    return content;
  }

  private static TokenFile parse(Path file, ByteBuffer content) throws InvalidFileException {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(content.duplicate()).toString();
      return new TokenFile(file, text.lines().toList());
    } catch (CharacterCodingException e) {
      throw ConfigFile.invalid(KEY, file, "text in UTF-8", e);
    }
  }

  /** Parses one line. Its messages never quote a word that could be a misplaced token. */
  private static Optional<TokenEntry> parse(String line) {
    List<String> words = LineTokenizer.tokenize(line);
    if (words.isEmpty()) {
      return Optional.empty();
    }
    String name = words.get(0);
    if (!TokenEntry.isName(name)) {
      throw new IllegalArgumentException("word 1 (expected: " + TokenEntry.NAME_SYNTAX + ")");
    }
    Credential credential = words.size() > 1 ? credential(words.get(1)) : credential("");
    Set<String> list = new HashSet<>();
    Set<String> stream = new HashSet<>();
    boolean admin = false;
    Optional<Instant> expires = Optional.empty();
    for (int i = 2; i < words.size(); i++) {
      String word = words.get(i);
      String value = word.substring(word.indexOf('=') + 1);
      if (word.startsWith("list=") && !value.isEmpty()) {
        list.add(value);
      } else if (word.startsWith("stream=") && !value.isEmpty()) {
        stream.add(value);
      } else if (word.equals("admin")) {
        admin = true;
      } else if (word.startsWith("expires=") && expires.isEmpty()) {
        expires = Optional.of(instant(value));
      } else {
        throw new IllegalArgumentException(
            "word %d (expected: list=ID, stream=ID, admin, or expires=INSTANT once)"
                .formatted(i + 1));
      }
    }
    return Optional.of(new TokenEntry(name, credential, new Grants(list, stream, admin), expires));
  }

  private static Credential credential(String word) {
    try {
      if (word.startsWith("sha256:")) {
        return new Credential.Token(word.substring("sha256:".length()));
      }
      if (word.startsWith("certificate:")) {
        return new Credential.Certificate(
            new X500Principal(word.substring("certificate:".length())));
      }
      if (word.startsWith("uid:")) {
        return Credential.User.of(word.substring("uid:".length()));
      }
    } catch (IllegalArgumentException e) {
      // reported below, because its message may quote the word
    }
    throw new IllegalArgumentException(
        "word 2 (expected: sha256: and 64 lower-case hex digits, or certificate: and a subject such"
            + " as CN=ann,O=Studio, or uid: and the number of a user)");
  }

  private static Instant instant(String value) {
    try {
      return Instant.parse(value);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "expires=%s (expected: an instant, such as 2027-01-31T00:00:00Z)"
              .formatted(LogText.sanitizeAndTruncate(value)),
          e);
    }
  }

  /** Returns the entries in the order of the file. */
  public List<TokenEntry> entries() {
    return List.copyOf(entries.values());
  }

  Optional<TokenEntry> byName(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /** Compares the token with every entry, so that the time does not depend on the position. */
  Optional<TokenEntry> byToken(String token) {
    byte[] sha256 = Credential.Token.sha256(token);
    TokenEntry found = null;
    for (TokenEntry entry : entries.values()) {
      if (entry.credential() instanceof Credential.Token credential && credential.matches(sha256)) {
        found = entry;
      }
    }
    return Optional.ofNullable(found);
  }

  Optional<TokenEntry> bySubject(X500Principal subject) {
    return Optional.ofNullable(bySubject.get(subject));
  }

  Optional<TokenEntry> byUid(long uid) {
    return Optional.ofNullable(byUid.get(uid));
  }

  /** Returns whether any entry has a certificate as its credential. */
  public boolean hasCertificateEntries() {
    return !bySubject.isEmpty();
  }

  /** Returns the lines of the file with one more entry. */
  List<String> linesWith(TokenEntry entry) {
    List<String> all = new ArrayList<>(lines);
    all.add(entry.toLine());
    return all;
  }

  /** Returns the lines of the file without an entry, which must exist. */
  List<String> linesWithout(String name) {
    List<String> others = new ArrayList<>(lines);
    others.remove((int) lineOf.get(name));
    return others;
  }

  /** Returns the number of entries, for the log. */
  @Override
  public String toString() {
    return entries.size() + (entries.size() == 1 ? " entry" : " entries");
  }
}
