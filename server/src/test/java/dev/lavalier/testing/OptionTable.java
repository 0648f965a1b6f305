package dev.lavalier.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Renders the options and parameters of a command as a Markdown table. */
public final class OptionTable {

  /** A help text states a default as {@code (default: 5)}, {@code (1 to 9, default: 5)} … */
  private static final Pattern IN_PARENTHESES =
      Pattern.compile("\\s*\\((?:([^()]*), )?default: ([^()]*)\\)");

  /** … or as a sentence. */
  private static final Pattern SENTENCE = Pattern.compile("\\s*()Default: (.*?)\\.(?=\\s|$)");

  private static final Pattern NAME =
      Pattern.compile("(?<![\\w`-])(?:--[a-z][a-z0-9-]*|LAVALIER_[A-Z_]+|http://[\\w:/]+)");

  /**
   * A column between the name and the default.
   *
   * @param title the heading
   * @param value returns the cell
   */
  public record Column(String title, Function<OptionSpec, String> value) {}

  /** A description, and the default that it stated; empty: none. */
  private record Help(String text, String statedDefault) {

    static Help of(ArgSpec argument) {
      String text = oneLine(argument.description());
      for (Pattern pattern : List.of(IN_PARENTHESES, SENTENCE)) {
        Matcher match = pattern.matcher(text);
        if (match.find()) {
          String range = match.group(1) == null ? "" : match.group(1);
          String rest =
              text.substring(0, match.start())
                  + (range.isEmpty() ? "" : " (" + range + ")")
                  + text.substring(match.end());
          return new Help(cell(rest), match.group(2));
        }
      }
      return new Help(cell(text), "");
    }
  }

  private OptionTable() {}

  /** Returns the options of a command, without {@code --help} and {@code --version}. */
  public static List<OptionSpec> options(CommandSpec command) {
    return command.options().stream()
        .filter(option -> !option.usageHelp() && !option.versionHelp())
        .toList();
  }

  /** Returns the table of all options and parameters; empty: there are none. */
  public static String of(CommandSpec command) {
    List<ArgSpec> arguments = new ArrayList<>(command.positionalParameters());
    arguments.addAll(options(command));
    return arguments.isEmpty() ? "" : of(arguments);
  }

  /** Returns a table of options, with further columns. */
  public static String of(List<? extends ArgSpec> arguments, Column... columns) {
    List<String> titles =
        Stream.of(
                Stream.of("Option"),
                Stream.of(columns).map(Column::title),
                Stream.of("Default", "Description"))
            .flatMap(Function.identity())
            .toList();
    StringBuilder table = new StringBuilder();
    table.append(row(titles)).append(row(titles.stream().map(title -> "---").toList()));
    for (ArgSpec argument : arguments) {
      List<String> cells = new ArrayList<>(List.of(code(usage(argument))));
      for (Column column : columns) {
        cells.add(column.value().apply((OptionSpec) argument));
      }
      Help help = Help.of(argument);
      cells.add(defaultOf(argument, help));
      cells.add(help.text());
      table.append(row(cells));
    }
    return table.toString();
  }

  /** Returns one row of a table. */
  public static String row(List<String> cells) {
    return cells.stream().collect(Collectors.joining(" | ", "| ", " |\n"));
  }

  /** Returns a text as inline code in a table. */
  public static String code(String text) {
    return "`" + text.replace("|", "\\|") + "`";
  }

  /** Returns a text as a cell, without the last full stop. */
  public static String cell(String text) {
    return markdown(text.strip().replaceFirst("\\.$", "")).replace("|", "\\|");
  }

  /** Returns a plain text as Markdown, with options and variables as code. */
  private static String markdown(String text) {
    return NAME.matcher(text.replaceAll("[*<]", "\\\\$0")).replaceAll("`$0`");
  }

  /** Returns a command's description, in one line. */
  public static String description(CommandSpec command) {
    return markdown(oneLine(command.usageMessage().description()));
  }

  /** Returns how a command is written: {@code token add NAME}. */
  public static String usage(CommandSpec command) {
    return Stream.concat(
            Stream.of(command.qualifiedName()),
            command.positionalParameters().stream().map(ArgSpec::paramLabel))
        .collect(Collectors.joining(" "));
  }

  private static String usage(ArgSpec argument) {
    if (argument instanceof OptionSpec option) {
      return option.longestName() + (isSwitch(option) ? "" : " " + option.paramLabel());
    }
    return argument.paramLabel();
  }

  private static boolean isSwitch(ArgSpec argument) {
    return argument.typeInfo().isBoolean();
  }

  /** Picocli formats these texts, so they contain {@code %%} and {@code %n}. */
  private static String oneLine(String[] text) {
    return String.join(" ", text)
        .replace("%n", " ")
        .replace("%%", "%")
        .replaceAll("\\s+", " ")
        .strip();
  }

  private static String defaultOf(ArgSpec argument, Help help) {
    String value = argument.defaultValue() == null ? "" : argument.defaultValue();
    if (!help.statedDefault().isEmpty()) {
      return help.statedDefault().equals(value) ? code(value) : cell(help.statedDefault());
    }
    if (argument.required()) {
      return "required";
    }
    return value.isEmpty() ? isSwitch(argument) ? "off" : "none" : code(value);
  }
}
