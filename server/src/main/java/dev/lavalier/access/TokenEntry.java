package dev.lavalier.access;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One entry of the token file: a caller, its credential and its grants. Immutable.
 *
 * @param name the name of the caller in logs and lists
 * @param credential the credential of the caller
 * @param grants the grants of the caller
 * @param expires the time at which the entry expires; empty: never
 */
public record TokenEntry(
    String name, Credential credential, Grants grants, Optional<Instant> expires) {

  /** The syntax of a name, for messages. */
  public static final String NAME_SYNTAX = "a name of 1..64 letters, digits and . _ @ -";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._@-]{1,64}");

  /** Returns whether a text is a valid name. A token, given as the name by mistake, is not. */
  public static boolean isName(String name) {
    return NAME.matcher(name).matches() && !name.startsWith(Credential.TOKEN_PREFIX);
  }

  /** Returns whether the entry is valid at a time. */
  boolean isValidAt(Instant time) {
    return expires.isEmpty() || time.isBefore(expires.get());
  }

  /** Returns the line of the entry in the file. */
  String toLine() {
    List<String> words = new ArrayList<>(List.of(name, credential.toString()));
    grants.list().stream().sorted().forEach(id -> words.add("list=" + id));
    grants.stream().stream().sorted().forEach(id -> words.add("stream=" + id));
    if (grants.admin()) {
      words.add("admin");
    }
    expires.ifPresent(instant -> words.add("expires=" + instant));
    return words.stream().map(LineTokenizer::quote).collect(Collectors.joining(" "));
  }
}
