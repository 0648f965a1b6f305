package dev.lavalier.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Finds the calls of a program in a shell script. Knows no more of the syntax than the pages use.
 */
public final class ShellCommands {

  private static final Pattern END = Pattern.compile("&&|\\|\\||[|;\\n]");
  private static final Pattern COMMENT = Pattern.compile("(?m)(^|\\s)#.*$");

  private ShellCommands() {}

  /** Returns the simple commands of a script, each as its words. */
  public static List<List<String>> of(String script) {
    List<List<String>> commands = new ArrayList<>();
    String lines = COMMENT.matcher(script.replace("\\\n", " ")).replaceAll("");
    for (String command : END.split(lines, -1)) {
      if (!command.isBlank()) {
        commands.add(Arrays.asList(command.strip().split("\\s+", -1)));
      }
    }
    return commands;
  }

  /**
   * Returns the arguments of each call of a program.
   *
   * @param program its name; the call can also be that of its jar
   */
  public static List<List<String>> argumentsOf(String program, String script) {
    List<List<String>> calls = new ArrayList<>();
    for (List<String> words : of(script)) {
      for (int i = 0; i < words.size(); i++) {
        String word = words.get(i);
        if (word.equals(program) || word.endsWith("/" + program + ".jar")) {
          calls.add(words.subList(i + 1, words.size()));
          break;
        }
      }
    }
    return calls;
  }
}
