package dev.lavalier.client.cli;

import dev.lavalier.client.Device;
import dev.lavalier.client.DeviceWatch;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code lavalier devices}. */
@Command(
    name = "devices",
    description = {
      "List the devices that can be captured; * marks the default device.",
      "With --watch, also print a line for each change, until Ctrl-C."
    })
final class DevicesCommand implements Callable<Integer> {

  private static final Table TABLE =
      new Table("", "DEVICE", "STATE", "FORMAT", "SUBSCRIBERS", "DESCRIPTION");

  @ParentCommand private LavalierCli cli;

  @Option(names = "--watch", description = "Keep running and print each change.")
  private boolean watch;

  @Override
  public Integer call() throws LavalierException {
    try (LavalierClient client = cli.connect()) {
      if (watch) {
        watch(client);
        return 0;
      }
      List<Device> devices = client.listDevices();
      PrintStream out = cli.terminal().out();
      if (devices.isEmpty()) {
        cli.terminal().err().println("the server lists no device for this client");
      } else {
        TABLE.print(devices.stream().map(DevicesCommand::row).toList(), out);
      }
      return 0;
    }
  }

  private void watch(LavalierClient client) throws LavalierException {
    PrintStream out = cli.terminal().out();
    try (DeviceWatch devices = client.watchDevices()) {
      List<Device> before = devices.read();
      if (before == null) {
        return;
      }
      TABLE.print(before.stream().map(DevicesCommand::row).toList(), out);
      List<Device> now;
      while ((now = devices.read()) != null) {
        for (Device device : now) {
          if (!before.contains(device)) {
            out.println(String.join("  ", row(device)).strip());
          }
        }
        Set<String> remainingIds = now.stream().map(Device::deviceId).collect(Collectors.toSet());
        for (Device device : before) {
          if (!remainingIds.contains(device.deviceId())) {
            out.println(device.deviceId() + "  removed");
          }
        }
        out.flush();
        before = now;
      }
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
}
