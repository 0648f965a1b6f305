package dev.lavalier.docs;

import dev.lavalier.testing.MarkdownPage;
import dev.lavalier.testing.Repository;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The phrases that prose should not contain, and what to write instead. */
final class Phrases {

  private static final Path FILE = Path.of(".ci/prose.txt");

  /** A line break in a comment, or between two literals, is blank except for one line feed. */
  private static final String SPACE = "(?:[ \\t]*\\n[ \\t]*|[ \\t]+)";

  private static final List<String> USES = new ArrayList<>();

  /** All phrases, each in a group of its own: one pass is much faster than one for each phrase. */
  private static final Pattern ANY = read();

  private Phrases() {}

  private static Pattern read() {
    List<String> groups = new ArrayList<>();
    for (String line : Repository.read(FILE).lines().toList()) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] parts = line.split(" => ", 2);
        groups.add("(?<p%d>%s)".formatted(USES.size(), parts[0]));
        USES.add(parts[1]);
      }
    }
    return words(String.join("|", groups));
  }

  /**
   * Compiles a regular expression of whole words, in which a space matches a line break as well.
   */
  static Pattern words(String expression) {
    return Pattern.compile(
        "\\b(?:" + expression.replace(" ", SPACE) + ")\\b", Pattern.CASE_INSENSITIVE);
  }

  /** Returns one line for each of them in a text. */
  static List<String> in(Prose prose) {
    List<String> found = new ArrayList<>();
    Matcher matcher = ANY.matcher(prose.text());
    while (matcher.find()) {
      found.add(
          "%s:%d: %s (use: %s)"
              .formatted(
                  prose.file(),
                  MarkdownPage.lineAt(prose.text(), matcher.start()),
                  matcher.group().strip().replaceAll("\\s+", " "),
                  use(matcher)));
    }
    return found;
  }

  private static String use(Matcher matcher) {
    int phrase = 0;
    while (matcher.group("p" + phrase) == null) {
      phrase++;
    }
    return USES.get(phrase);
  }
}
