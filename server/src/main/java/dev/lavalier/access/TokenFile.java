package dev.lavalier.access;

import dev.lavalier.audio.Quoted;
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
 * Who has access, as a file says; docs/reference/token-file.md describes it. It holds no tokens,
 * only what they can be recognised by. Immutable.
 */
public final class TokenFile {

  static final String KEY = "token-file";

  /** Nobody has access. */
  static final TokenFile EMPTY = new TokenFile();

  private final List<String> lines;
  private final Map<String, Entry> entries = new LinkedHashMap<>(); // by name
  private final Map<String, Integer> lineOf = new HashMap<>();
  private final Map<X500Principal, Entry> bySubject = new HashMap<>();

  private TokenFile() {
    this.lines = List.of();
  }

  private TokenFile(Path file, List<String> lines) throws BadFileException {
    this.lines = List.copyOf(lines);
    for (int i = 0; i < lines.size(); i++) {
      try {
        Optional<Entry> entry = parse(lines.get(i));
        if (entry.isPresent()) {
          add(entry.get(), i);
        }
      } catch (IllegalArgumentException e) {
        throw new BadFileException("%s: %s:%d: %s".formatted(KEY, file, i + 1, e.getMessage()), e);
      }
    }
  }

  private void add(Entry entry, int line) {
    if (entries.values().stream().anyMatch(e -> e.proof().equals(entry.proof()))) {
      throw new IllegalArgumentException("word 2 (expected: a proof that no line before has)");
    }
    if (entries.put(entry.name(), entry) != null) {
      throw new IllegalArgumentException(
          "%s (expected: a name that no line before has)".formatted(entry.name()));
    }
    lineOf.put(entry.name(), line);
    if (entry.proof() instanceof Proof.Certificate certificate) {
      bySubject.put(certificate.subject(), entry);
    }
  }

  /**
   * Reads one, and checks that nobody else could have written it. May block for as long as the file
   * system does.
   *
   * @throws BadFileException in one line for the operator
   */
  public static TokenFile read(Path file) throws BadFileException {
    return parse(file, content(file));
  }

  /** Reads one that is read again when it changes. */
  public static FromFiles<TokenFile> reloaded(Path file) throws BadFileException {
    return new FromFiles<>(
        "token file", () -> List.of(content(file)), contents -> parse(file, contents.get(0)));
  }

  private static ByteBuffer content(Path file) throws BadFileException {
    ByteBuffer content = SmallFile.read(KEY, file);
    Set<PosixFilePermission> permissions = SmallFile.permissions(file);
    if (permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw SmallFile.bad(KEY, file, "a file that its owner alone may write, see chmod go-w", null);
    }
    return content;
  }

  private static TokenFile parse(Path file, ByteBuffer content) throws BadFileException {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(content.duplicate()).toString();
      return new TokenFile(file, text.lines().toList());
    } catch (CharacterCodingException e) {
      throw SmallFile.bad(KEY, file, "text in UTF-8", e);
    }
  }

  /** Never repeats a word in its messages that could be a token in the wrong place. */
  private static Optional<Entry> parse(String line) {
    List<String> words = Words.of(line);
    if (words.isEmpty()) {
      return Optional.empty();
    }
    String name = words.get(0);
    if (!Entry.isName(name)) {
      throw new IllegalArgumentException("word 1 (expected: " + Entry.NAME_FORM + ")");
    }
    Proof proof = words.size() > 1 ? proof(words.get(1)) : proof("");
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
    return Optional.of(new Entry(name, proof, new Grants(list, stream, admin), expires));
  }

  private static Proof proof(String word) {
    try {
      if (word.startsWith("sha256:")) {
        return new Proof.Token(word.substring("sha256:".length()));
      }
      if (word.startsWith("certificate:")) {
        return new Proof.Certificate(new X500Principal(word.substring("certificate:".length())));
      }
    } catch (IllegalArgumentException e) {
      // Said below: its message may repeat the word.
    }
    throw new IllegalArgumentException(
        "word 2 (expected: sha256: and 64 lower-case hex digits, or certificate: and a subject such"
            + " as CN=ann,O=Studio)");
  }

  private static Instant instant(String value) {
    try {
      return Instant.parse(value);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "expires=%s (expected: an instant, such as 2027-01-31T00:00:00Z)"
              .formatted(Quoted.of(value)),
          e);
    }
  }

  /** Returns the entries, as they stand. */
  public List<Entry> entries() {
    return List.copyOf(entries.values());
  }

  Optional<Entry> byName(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /** Looks at every entry, also when it has found one. */
  Optional<Entry> byToken(String token) {
    byte[] sha256 = Proof.Token.sha256(token);
    Entry found = null;
    for (Entry entry : entries.values()) {
      if (entry.proof() instanceof Proof.Token proof && proof.matches(sha256)) {
        found = entry;
      }
    }
    return Optional.ofNullable(found);
  }

  Optional<Entry> bySubject(X500Principal subject) {
    return Optional.ofNullable(bySubject.get(subject));
  }

  /** Returns whether some entries can be had by a certificate alone. */
  public boolean namesCertificates() {
    return !bySubject.isEmpty();
  }

  /** Returns the lines with one more entry. */
  List<String> linesWith(Entry entry) {
    List<String> all = new ArrayList<>(lines);
    all.add(entry.line());
    return all;
  }

  /** Returns the lines without an entry that is there. */
  List<String> linesWithout(String name) {
    List<String> others = new ArrayList<>(lines);
    others.remove((int) lineOf.get(name));
    return others;
  }

  /** Says how much there is, for the log. */
  @Override
  public String toString() {
    return entries.size() + (entries.size() == 1 ? " entry" : " entries");
  }
}
