package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.DocumentedCalls;
import dev.lavalier.testing.GeneratedSection;
import dev.lavalier.testing.OptionTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The commands and options in the manual are those of the program. */
final class GeneratedDocsTest {

  /** The options that the same commands have, with the same text. */
  private final Map<List<String>, List<OptionSpec>> shared = new LinkedHashMap<>();

  private static CommandLine program() {
    CommandSpec spec = CommandSpec.create().name("lavalier").mixinStandardHelpOptions(true);
    CommandSpec.forAnnotatedObject(new ServerOptions()).options().forEach(spec::addOption);
    CommandLine program = new CommandLine(spec);
    for (Class<?> type : LavalierCli.commands()) {
      program.addSubcommand(type);
    }
    return program;
  }

  private static List<CommandSpec> commands() {
    return program().getSubcommands().values().stream().map(CommandLine::getCommandSpec).toList();
  }

  private static List<OptionSpec> options(CommandSpec command) {
    return OptionTable.options(command).stream().filter(option -> !option.inherited()).toList();
  }

  private static String row(ArgSpec argument) {
    return OptionTable.of(List.of(argument));
  }

  /** One option is not worth a table that several commands share. */
  private void findSharedOptions() {
    Map<String, List<String>> users = new LinkedHashMap<>();
    Map<String, OptionSpec> options = new LinkedHashMap<>();
    for (CommandSpec command : commands()) {
      for (OptionSpec option : options(command)) {
        users.computeIfAbsent(row(option), r -> new ArrayList<>()).add(command.name());
        options.putIfAbsent(row(option), option);
      }
    }
    users.forEach(
        (row, names) ->
            shared.computeIfAbsent(names, n -> new ArrayList<>()).add(options.get(row)));
    shared.entrySet().removeIf(e -> e.getKey().size() == 1 || e.getValue().size() == 1);
  }

  private boolean isShared(ArgSpec argument) {
    return shared.values().stream()
        .flatMap(List::stream)
        .anyMatch(option -> row(option).equals(row(argument)));
  }

  @Test
  void commandsAndOptions() throws Exception {
    findSharedOptions();
    StringBuilder content = new StringBuilder();
    for (CommandSpec command : commands()) {
      content.append(
          "### %s\n\n%s\n\n"
              .formatted(OptionTable.usage(command), OptionTable.description(command)));
      List<ArgSpec> arguments = new ArrayList<>(command.positionalParameters());
      arguments.addAll(options(command));
      arguments.removeIf(this::isShared);
      if (!arguments.isEmpty()) {
        content.append(OptionTable.of(arguments)).append('\n');
      }
    }
    shared.forEach(
        (names, options) ->
            content
                .append("### Options of %s\n\n".formatted(String.join(", ", names)))
                .append(OptionTable.of(options))
                .append('\n'));
    content
        .append("### Options of every command\n\n")
        .append(OptionTable.of(program().getCommandSpec()));
    GeneratedSection.assertUpToDate("docs/user/cli.md", "cli", content.toString());
  }

  @Test
  void optionsInThePagesExist() {
    assertThat(DocumentedCalls.unknownOptions("lavalier", program())).isEmpty();
  }
}
