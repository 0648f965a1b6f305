package dev.lavalier.client.cli;

import dev.lavalier.client.LavalierException;
import dev.lavalier.client.bench.BenchException;
import java.nio.file.InvalidPathException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Reports why a command failed, in one line, and chooses the exit code. */
final class Failures {

  private static final int FAILED = 1;
  private static final String SEE_HELP = " (see --help)";

  private Failures() {}

  /** Reports a command line that cannot be parsed; returns the exit code. */
  static int reportUsage(ParameterException e, Terminal terminal) {
    terminal.report(usageMessage(e) + SEE_HELP);
    return CommandLine.ExitCode.USAGE;
  }

  private static String usageMessage(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> suggestions = unmatched.getSuggestions();
      if (suggestions.isEmpty()) {
        return e.getMessage();
      }
      // Of commands, the most similar one comes first; options are those with the same beginning.
      String names =
          unmatched.isUnknownOption() ? String.join(" or ", suggestions) : suggestions.get(0);
      return "%s (did you mean %s?)".formatted(e.getMessage(), names);
    }
    if (e.getArgSpec() instanceof OptionSpec option) {
      if (e.getCause() instanceof TypeConversionException cause) {
        Object[] names = option.type().getEnumConstants(); // null: not an enum
        return names == null
            ? option.longestName() + ": " + cause.getMessage()
            : "%s: %s (expected: %s)"
                .formatted(
                    option.longestName(),
                    e.getValue(),
                    Arrays.stream(names)
                        .map(name -> name.toString().toLowerCase(Locale.ROOT)) // as in the help
                        .collect(Collectors.joining(" or ")));
      }
      if (e.getCause() instanceof InvalidPathException) {
        return "%s: %s (expected: a name that the system can express; under LC_ALL=C, set %s)"
            .formatted(option.longestName(), e.getValue(), "LC_ALL=C.UTF-8");
      }
    }
    return e.getMessage();
  }

  /**
   * Prints one line for an expected failure, and a stack trace for a bug; returns the exit code. A
   * reader that closed its pipe is no failure.
   */
  static int report(Exception e, Terminal terminal) {
    if (e instanceof OutputException output && output.readerLeft()) {
      return CommandLine.ExitCode.OK;
    }
    if (e instanceof UsageException) {
      terminal.report(e.getMessage() + SEE_HELP);
      return CommandLine.ExitCode.USAGE;
    }
    if (e instanceof LavalierException) {
      terminal.report(FlagNames.in(e.getMessage()));
    } else if (e instanceof CliException
        || e instanceof OutputException
        || e instanceof BenchException) {
      terminal.report(e.getMessage());
    } else {
      e.printStackTrace(terminal.err());
    }
    return FAILED;
  }
}
