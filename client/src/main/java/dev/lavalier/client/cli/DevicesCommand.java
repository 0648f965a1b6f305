package dev.lavalier.client.cli;

import dev.lavalier.client.Device;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** {@code lavalier devices}. */
@Command(name = "devices", description = "List what can be captured; * marks the default.")
final class DevicesCommand implements Callable<Integer> {

  private static final String[] HEADINGS = {
    "", "DEVICE", "STATE", "FORMAT", "SUBSCRIBERS", "DESCRIPTION"
  };

  @ParentCommand private LavalierCli cli;

  @Override
  public Integer call() throws LavalierException {
    try (LavalierClient client = cli.connect()) {
      List<Device> devices = client.listDevices();
      PrintStream out = cli.terminal().out();
      if (devices.isEmpty()) {
        cli.terminal().err().println("no device can be captured on the server's machine");
      } else {
        print(devices.stream().map(DevicesCommand::row).toList(), out);
      }
      return 0;
    }
  }

  private static String[] row(Device device) {
    return new String[] {
      device.isDefault() ? "*" : "",
      device.deviceId(),
      device.state().name().toLowerCase(Locale.ROOT),
      device.captureFormat().toString(),
      Integer.toString(device.subscriberCount()),
      device.description().isBlank() ? device.name() : device.description()
    };
  }

  private static void print(List<String[]> rows, PrintStream out) {
    StringBuilder layout = new StringBuilder();
    for (int column = 0; column < HEADINGS.length - 1; column++) {
      int width = HEADINGS[column].length();
      for (String[] row : rows) {
        width = Math.max(width, row[column].length());
      }
      layout.append("%-").append(Math.max(1, width)).append("s  ");
    }
    String format = layout.append("%s%n").toString();
    out.printf(format, (Object[]) HEADINGS);
    for (String[] row : rows) {
      out.printf(format, (Object[]) row);
    }
  }
}
