package dev.lavalier.access;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One entry of the token file: a caller, how it is known, and what it may.
 *
 * @param name what it is called in records
 * @param credential how it is known
 * @param grants what it may
 * @param expires until when; empty: for good
 */
public record TokenEntry(
    String name, Credential credential, Grants grants, Optional<Instant> expires) {

  /** What a name looks like, in words. */
  public static final String NAME_SYNTAX = "a name of 1..64 letters, digits and . _ @ -";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._@-]{1,64}");

  /** Returns whether a name may be one: a token that got into its place may not. */
  public static boolean isName(String name) {
    return NAME.matcher(name).matches() && !name.startsWith(Credential.TOKEN_PREFIX);
  }

  /** Returns whether it counts at that time. */
  boolean isValidAt(Instant time) {
    return expires.isEmpty() || time.isBefore(expires.get());
  }

  /** Returns its line in the file. */
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
