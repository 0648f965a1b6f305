package dev.lavalier.app;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.javasound.AlsaRates;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;

/** {@code lavalier-server check-config}. */
@Command(
    name = "check-config",
    mixinStandardHelpOptions = true,
    versionProvider = ServerMain.Version.class,
    sortOptions = false,
    description = {
      "Checks the configuration that a server would start with: flags, environment and file. Prints"
          + " it in the form of the file. Starts no server and opens no device.",
    },
    footer = {"", "Exit codes: 0 the configuration is valid, 2 it is not."})
final class CheckConfigCommand implements Callable<Integer> {

  @Mixin private ServerOptions options;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    ServerOptions.Values values = options.values();
    if (!values.isEdge()) { // an edge does not use the devices of this machine
      AlsaRates.warnings(AlsaRates.PROC, id -> captureFormat(values, id))
          .forEach(warning -> spec.commandLine().getErr().println("warning: " + warning));
    }
    for (OptionSpec option : spec.options()) {
      if (!option.usageHelp() && !option.versionHelp() && !Settings.key(option).equals("config")) {
        print(option);
      }
    }
    return 0;
  }

  private static Optional<PcmFormat> captureFormat(ServerOptions.Values values, String id) {
    CaptureOptions.Values capture = values.capture();
    return values.allowed().test(id)
        ? Optional.of(capture.deviceFormats().getOrDefault(id, capture.format()))
        : Optional.empty();
  }

  private void print(OptionSpec option) {
    String key = Settings.key(option);
    List<String> values = option.originalStringValues();
    if (option.isMultiValue()) {
      if (!values.isEmpty()) {
        spec.commandLine().getOut().println(key + ":");
        values.forEach(value -> spec.commandLine().getOut().println("  - " + quoted(value)));
      }
    } else if (option.getValue() != null) {
      String value = values.isEmpty() ? option.getValue().toString() : values.get(0);
      spec.commandLine().getOut().println(key + ": " + quoted(value));
    }
  }

  /** Returns a value as a YAML scalar on one line. */
  private static String quoted(String value) {
    return value.matches("[A-Za-z0-9./][A-Za-z0-9._/-]*")
        ? value
        : "'" + value.replace("'", "''") + "'";
  }
}
