package dev.lavalier.testing;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;

/** The calls of a program in the shell blocks of the documentation. */
public final class DocumentedCalls {

  private DocumentedCalls() {}

  /**
   * Returns one line for each option that a call names and the program does not have.
   *
   * @param program its name
   * @param line its commands and options
   */
  public static List<String> unknownOptions(String program, CommandLine line) {
    List<String> unknown = new ArrayList<>();
    for (MarkdownPage page : Repository.pages()) {
      for (MarkdownPage.CodeBlock block : page.codeBlocks()) {
        if (block.language().equals("sh")) {
          for (List<String> arguments : ShellCommands.argumentsOf(program, block.code())) {
            unknownOptions(arguments, line)
                .forEach(
                    option ->
                        unknown.add(
                            "%s:%d: %s %s".formatted(page.path(), block.line(), program, option)));
          }
        }
      }
    }
    return unknown;
  }

  private static List<String> unknownOptions(List<String> arguments, CommandLine program) {
    List<String> unknown = new ArrayList<>();
    CommandLine command = program;
    for (String argument : arguments) {
      String name = argument.replaceFirst("=.*", "");
      if (command.getSubcommands().containsKey(argument)) {
        command = command.getSubcommands().get(argument);
      } else if (name.startsWith("--") && !has(command, name)) {
        unknown.add(name);
      }
    }
    return unknown;
  }

  /** An option of a parent command that is given before the subcommand is checked there. */
  private static boolean has(CommandLine command, String option) {
    return command.getCommandSpec().optionsMap().containsKey(option);
  }
}
