package dev.lavalier.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.app.DocumentedOptions;
import dev.lavalier.common.StreamException;
import dev.lavalier.observe.MetricsTable;
import dev.lavalier.service.StatusCode;
import dev.lavalier.testing.GeneratedSection;
import dev.lavalier.testing.OptionTable;
import dev.lavalier.testing.OptionTable.Column;
import dev.lavalier.testing.Repository;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The tables of options, metrics and status codes are those of the code. */
final class GeneratedDocsTest {

  private static final Path REASONS =
      Path.of("server/src/main/java/dev/lavalier/common/StreamException.java");
  private static final String NONE = "-";

  @TempDir private Path folder;

  private static String variable(OptionSpec option) {
    return "LAVALIER_" + DocumentedOptions.key(option).toUpperCase(Locale.ROOT).replace('-', '_');
  }

  /** The file itself cannot be named in the file. */
  private static boolean namesTheFile(OptionSpec option) {
    return DocumentedOptions.key(option).equals("config");
  }

  @Test
  void flags() throws Exception {
    CommandSpec checkConfig = DocumentedOptions.checkConfig();
    StringBuilder content = new StringBuilder();
    content.append(
        OptionTable.of(
            OptionTable.options(checkConfig),
            new Column("Environment", option -> OptionTable.code(variable(option))),
            new Column(
                "Key in the file",
                option ->
                    namesTheFile(option)
                        ? NONE
                        : OptionTable.code(DocumentedOptions.key(option)))));
    content.append(heading(checkConfig)).append("It has the options above.\n");
    for (CommandLine command : DocumentedOptions.token().subcommands().values()) {
      content
          .append(heading(command.getCommandSpec()))
          .append(OptionTable.of(command.getCommandSpec()));
    }
    CommandSpec fleetKey = DocumentedOptions.fleetKey();
    content.append(heading(fleetKey)).append(OptionTable.of(fleetKey));
    GeneratedSection.assertUpToDate("docs/operator/configuration.md", "flags", content.toString());
  }

  private static String heading(CommandSpec command) {
    return "\n### %s\n\n%s\n\n"
        .formatted(OptionTable.usage(command), OptionTable.description(command));
  }

  @Test
  void serverAndCheckConfigHaveTheSameOptions() {
    TreeSet<String> expected =
        OptionTable.options(DocumentedOptions.checkConfig()).stream()
            .map(OptionSpec::longestName)
            .collect(Collectors.toCollection(TreeSet::new));
    expected.add("--help");
    expected.add("--version");
    assertThat(DocumentedOptions.namesInHelp()).isEqualTo(expected);
  }

  @Test
  void serverReadsEachVariableAndKeyOfTheTable() throws Exception {
    Path file = folder.resolve("server.yaml");
    for (OptionSpec option : OptionTable.options(DocumentedOptions.checkConfig())) {
      if (!namesTheFile(option)) {
        String key = DocumentedOptions.key(option);
        List<String> expected = List.of("--" + key + "=true");
        assertThat(DocumentedOptions.read(Map.of(variable(option), "true"), null))
            .isEqualTo(expected);
        Files.writeString(file, key + ": true\n");
        assertThat(DocumentedOptions.read(Map.of(), file.toString())).isEqualTo(expected);
      }
    }
  }

  @Test
  void metrics() throws Exception {
    GeneratedSection.assertUpToDate("docs/reference/metrics.md", "metrics", MetricsTable.render());
  }

  /** The Javadoc of a reason says the meaning and, after a colon, what the caller can do. */
  @Test
  void statusCodes() throws Exception {
    String source = Repository.read(REASONS);
    StringBuilder table = new StringBuilder();
    table.append(OptionTable.row(List.of("Status code", "Reason", "Meaning", "What to do")));
    table.append(OptionTable.row(List.of("---", "---", "---", "---")));
    for (StreamException.Reason reason : StreamException.Reason.values()) {
      String javadoc = javadoc(source, reason);
      int colon = javadoc.lastIndexOf(": ");
      table.append(
          OptionTable.row(
              List.of(
                  OptionTable.code(StatusCode.of(reason).name()),
                  OptionTable.code(reason.name()),
                  OptionTable.cell(colon < 0 ? javadoc : javadoc.substring(0, colon)),
                  colon < 0 ? NONE : OptionTable.cell(capitalized(javadoc.substring(colon + 2))))));
    }
    GeneratedSection.assertUpToDate(
        "docs/reference/status-codes.md", "status-codes", table.toString());
  }

  private static String javadoc(String source, StreamException.Reason reason) {
    Matcher matcher =
        Pattern.compile("/\\*\\*([^/]*?)\\*/\\s*" + reason.name() + "\\b").matcher(source);
    assertThat(matcher.find()).as("Javadoc of %s", reason).isTrue();
    return matcher.group(1).replaceAll("\\n\\s*\\*", " ").replaceAll("\\s+", " ").strip();
  }

  private static String capitalized(String text) {
    return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }
}
