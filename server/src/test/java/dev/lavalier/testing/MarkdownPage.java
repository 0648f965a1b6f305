package dev.lavalier.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One page of documentation. Immutable.
 *
 * @param path its path, relative to the top of the repository
 * @param text its whole text
 */
public record MarkdownPage(Path path, String text) {

  private static final Pattern FENCE = Pattern.compile("( *)```([^`]*)");
  private static final Pattern COMMENT = Pattern.compile("\\s*<!-- (.*) -->\\s*");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+)$");
  private static final Pattern INLINE_CODE = Pattern.compile("(`+)(?:(?!\\n\\s*\\n)[\\s\\S])*?\\1");
  private static final Pattern ANCHOR = Pattern.compile("<a (?:id|name)=\"([^\"]+)\"");
  private static final Pattern LINK =
      Pattern.compile(
          "\\]\\(([^()\\s]+)(?: +\"[^\"]*\")?\\)"
              + "|(?m:^\\[[^\\]]+\\]: +(\\S+))"
              + "|\\b(?:src|srcset|href)=\"([^\"]+)\"");

  /**
   * A code block between two fences.
   *
   * @param line the number of the opening fence's line
   * @param language the word after the opening fence; empty: none
   * @param marker the text of the HTML comment in the line before; empty: none
   * @param code its lines, without the indentation of the fence
   */
  public record CodeBlock(int line, String language, String marker, String code) {}

  /**
   * A link to another place.
   *
   * @param line the number of its line
   * @param target the link's target, as it is written
   */
  public record Link(int line, String target) {}

  /** Returns the code blocks, in their order. */
  public List<CodeBlock> codeBlocks() {
    List<CodeBlock> blocks = new ArrayList<>();
    List<String> lines = text.lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      Matcher fence = FENCE.matcher(lines.get(i));
      if (fence.matches()) {
        Matcher marker = COMMENT.matcher(i == 0 ? "" : lines.get(i - 1));
        int start = i;
        StringBuilder code = new StringBuilder();
        for (i++; i < lines.size() && !lines.get(i).strip().equals("```"); i++) {
          String line = lines.get(i);
          code.append(
              line.startsWith(fence.group(1)) ? line.substring(fence.group(1).length()) : line);
          code.append('\n');
        }
        blocks.add(
            new CodeBlock(
                start + 1,
                fence.group(2).strip(),
                marker.matches() ? marker.group(1) : "",
                code.toString()));
      }
    }
    return blocks;
  }

  /** Returns the text of the same length and lines in which code blocks are blank. */
  private String withoutCodeBlocks() {
    StringBuilder prose = new StringBuilder();
    boolean code = false;
    for (String line : text.split("\n", -1)) {
      boolean fence = line.strip().startsWith("```");
      prose.append(code || fence ? " ".repeat(line.length()) : line).append('\n');
      code ^= fence;
    }
    return prose.substring(0, text.length());
  }

  /**
   * Returns the text of the same length and lines in which code blocks and inline code are blank.
   */
  public String prose() {
    return INLINE_CODE
        .matcher(withoutCodeBlocks())
        .replaceAll(match -> match.group().replaceAll("[^\n]", " "));
  }

  /** Returns the links, images included. */
  public List<Link> links() {
    String prose = prose();
    return LINK.matcher(prose)
        .results()
        .map(match -> new Link(lineAt(prose, match.start()), firstGroup(match)))
        .toList();
  }

  private static String firstGroup(MatchResult match) {
    int group = 1;
    while (match.group(group) == null) {
      group++;
    }
    return match.group(group);
  }

  /** Returns the number of the line that contains a position of a text. */
  public static int lineAt(String text, int position) {
    return 1 + (int) text.substring(0, position).chars().filter(c -> c == '\n').count();
  }

  /**
   * Returns the anchors that links can name: those of the headings, as GitHub forms them, and
   * HTML's.
   */
  public Set<String> anchors() {
    Set<String> anchors = new LinkedHashSet<>();
    Map<String, Integer> repetitions = new HashMap<>();
    String prose = withoutCodeBlocks();
    HEADING
        .matcher(prose)
        .results()
        .map(match -> slug(match.group(1)))
        .forEach(
            slug -> {
              int repetition = repetitions.merge(slug, 1, Integer::sum) - 1;
              anchors.add(repetition == 0 ? slug : slug + "-" + repetition);
            });
    ANCHOR.matcher(prose).results().forEach(match -> anchors.add(match.group(1)));
    return anchors;
  }

  private static String slug(String heading) {
    return heading
        .replaceAll("\\[([^\\]]*)\\]\\([^)]*\\)", "$1")
        .strip()
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N} _-]", "")
        .replace(' ', '-');
  }
}
