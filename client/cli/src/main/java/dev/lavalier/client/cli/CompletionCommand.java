package dev.lavalier.client.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code lavalier generate-completion}. */
@Command(
    name = "generate-completion",
    description = {
      "Print a script with which bash and zsh complete commands and options.",
      "To use it in the current shell: source <(lavalier generate-completion)"
    })
final class CompletionCommand implements Callable<Integer> {

  @ParentCommand private LavalierCli cli;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    CommandSpec program = spec.root();
    cli.terminal().out().println(AutoComplete.bash(program.name(), program.commandLine()));
    return 0;
  }
}
