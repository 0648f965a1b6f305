package dev.lavalier.docs;

import dev.lavalier.testing.MarkdownPage;
import dev.lavalier.testing.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The prose of one file.
 *
 * @param file its path, relative to the top of the repository
 * @param text the file's text, with the same lines and columns, in which everything else is blank
 */
record Prose(Path file, String text) {

  private static final Pattern COMMENT_START = Pattern.compile("(?m)^[ \\t]*(?://+|#+|/?\\*+)");
  private static final Pattern MARK = Pattern.compile("\\\\.|\"|\\*/|//");
  private static final Pattern EVERYTHING = Pattern.compile("[^\\n]+");
  static final Pattern WORD = Pattern.compile("\\p{L}[\\p{L}\\p{N}_'-]*");
  private static final Set<String> EXTENSIONS =
      Set.of("md", "proto", "java", "py", "js", "mjs", "ts", "go", "sh", "c", "yaml", "yml");

  /** Returns the prose of every file that contains some. */
  static Stream<Prose> all() {
    return Repository.files().parallelStream()
        .filter(Prose::mayContainProse)
        .map(file -> of(file, Repository.read(file)));
  }

  private static boolean mayContainProse(Path file) {
    String path = file.toString();
    String name = file.getFileName().toString();
    return !path.contains("/src/test/resources/")
        && (EXTENSIONS.contains(name.substring(name.lastIndexOf('.') + 1))
            || (!name.contains(".") && isScript(file)));
  }

  private static boolean isScript(Path file) {
    try (InputStream in = Files.newInputStream(Repository.TOP.resolve(file))) {
      return in.read() == '#' && in.read() == '!';
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the prose of a text. The literals of a Java file are messages, except in a test. */
  static Prose of(Path file, String text) {
    return of(file, text, file.toString().contains("src/main/"));
  }

  /**
   * Returns the prose of a text.
   *
   * @param messages whether the literals of a Java file are prose
   */
  static Prose of(Path file, String text, boolean messages) {
    String name = file.toString();
    if (name.endsWith(".md")) {
      return new Prose(file, new MarkdownPage(file, text).prose());
    }
    boolean hasCode = name.endsWith(".java") || name.endsWith(".proto");
    String prose = hasCode ? java(text, messages) : text;
    return new Prose(file, COMMENT_START.matcher(prose).replaceAll(Prose::blank));
  }

  /** Keeps comments, and literals if they are wanted. */
  private static String java(String code, boolean literals) {
    StringBuilder prose = new StringBuilder(code.length());
    for (int at = 0; at < code.length(); at = prose.length()) {
      if (code.startsWith("//", at)) {
        append(prose, code.substring(at, before(code, '\n', at)), true);
      } else if (code.startsWith("/*", at)) {
        append(prose, code.substring(at, after(code, "*/", at + 2)), true);
      } else if (code.startsWith("\"\"\"", at)) {
        append(prose, code.substring(at, after(code, "\"\"\"", at + 3)), literals);
      } else if (code.charAt(at) == '"' || code.charAt(at) == '\'') {
        append(prose, code.substring(at, literalEnd(code, at)), literals);
      } else {
        prose.append(code.charAt(at) == '\n' ? '\n' : ' ');
      }
    }
    return prose.toString();
  }

  /**
   * Appends a part of the same length: without quotes, escapes and the end of a comment, or blank.
   */
  private static void append(StringBuilder prose, String part, boolean wanted) {
    prose.append((wanted ? MARK : EVERYTHING).matcher(part).replaceAll(Prose::blank));
  }

  private static String blank(MatchResult match) {
    return " ".repeat(match.group().length());
  }

  private static int before(String code, char end, int from) {
    int found = code.indexOf(end, from);
    return found < 0 ? code.length() : found;
  }

  private static int after(String code, String end, int from) {
    int found = code.indexOf(end, from);
    return found < 0 ? code.length() : found + end.length();
  }

  private static int literalEnd(String code, int start) {
    int at = start + 1;
    while (code.charAt(at) != code.charAt(start)) {
      at += code.charAt(at) == '\\' ? 2 : 1;
    }
    return at + 1;
  }
}
