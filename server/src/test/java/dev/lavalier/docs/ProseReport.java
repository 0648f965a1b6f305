package dev.lavalier.docs;

import dev.lavalier.testing.Repository;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Prints how often words occur that make prose hard to read, per 1,000 words. {@link ProseTest}
 * rejects phrases that are always wrong; these words are only sometimes wrong.
 */
final class ProseReport {

  /** "Where" is right after these words, because it then means a place. */
  private static final String PLACE =
      "(?<!\\b(?:place|places|point|position|from|says|say|knows|know|returns|shows|is|to|exactly)"
          + " )";

  private static final Map<String, Pattern> COUNTED = new LinkedHashMap<>();

  static {
    count("where = if", "(?<!@param \\S{1,30} )" + PLACE + "(?<!\")where(?! to\\b)");
    count("whoever, who may", "who(?:so|m)?ever|who (?:may|must|wants?|asks?)");
    count("alone = only", "(?<!let |leave |left )alone");
    count("tell, told", "tell(?:s|ing)?|told");
    count("go on", "go(?:es)? on|going on|gone on|went on");
  }

  private static final Map<String, Predicate<String>> GROUPS = new LinkedHashMap<>();

  static {
    GROUPS.put(
        "comments of main sources",
        path -> path.contains("src/main/java/") && path.endsWith(".java"));
    GROUPS.put("contract", path -> path.endsWith(".proto"));
    GROUPS.put("documentation", path -> path.endsWith(".md"));
  }

  private ProseReport() {}

  private static void count(String name, String words) {
    COUNTED.put(name, Pattern.compile("\\b(?:" + words + ")\\b", Pattern.CASE_INSENSITIVE));
  }

  /** Prints the counts. Run it in the repository. */
  public static void main(String[] args) {
    List<Object> heading = new ArrayList<>(List.of("per 1,000 words", "words"));
    heading.addAll(COUNTED.keySet());
    System.out.printf("%-25s %7s %12s %17s %13s %11s %8s%n", heading.toArray());
    GROUPS.forEach(
        (name, group) -> {
          String text =
              Repository.files().stream()
                  .filter(file -> group.test(file.toString()))
                  .map(file -> Prose.of(file, Repository.read(file), false).text())
                  .collect(Collectors.joining(" "));
          System.out.print(row(name, text.replaceAll("\\s+", " ")));
        });
  }

  private static String row(String name, String text) {
    long words = Prose.WORD.matcher(text).results().count();
    List<Object> cells = new ArrayList<>(List.of(name, words));
    for (Pattern pattern : COUNTED.values()) {
      cells.add(1000.0 * pattern.matcher(text).results().count() / words);
    }
    return "%-25s %7d %12.1f %17.1f %13.1f %11.1f %8.1f%n".formatted(cells.toArray());
  }
}
