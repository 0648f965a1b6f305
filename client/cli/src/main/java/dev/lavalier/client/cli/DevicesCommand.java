package dev.lavalier.client.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lavalier.client.Device;
import dev.lavalier.client.DeviceWatch;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import java.io.PrintStream;
import java.time.Duration;
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
      "With --watch, also print a line for each change, until Ctrl-C. If the connection is lost, the"
          + " command reconnects and prints what has changed meanwhile."
    })
final class DevicesCommand implements Callable<Integer> {

  private final Table table =
      new Table("", "DEVICE", "STATE", "FORMAT", "SUBSCRIBERS", "DESCRIPTION");

  @ParentCommand private LavalierCli cli;

  @Option(names = "--watch", description = "Keep running and print each change.")
  private boolean watch;

  @Option(
      names = "--json",
      description =
          "Print one JSON object; with --watch, one for each change, in a line of its own.")
  private boolean json;

  @Option(
      names = "--reconnect-s",
      paramLabel = "S",
      defaultValue = "300",
      converter = DurationConverter.Seconds.class,
      description =
          "With --watch: seconds to retry after the connection is lost, before the command exits"
              + " with code 1; 0: do not retry (default: ${DEFAULT-VALUE}).")
  private Duration reconnect;

  @Override
  public Integer call() throws LavalierException {
    try (LavalierClient client = cli.connect()) {
      if (watch) {
        watch(client);
        return 0;
      }
      List<Device> devices = client.listDevices();
      if (devices.isEmpty() && !json) {
        cli.terminal().err().println("the server lists no device for this client");
      } else {
        print(devices);
      }
      return 0;
    }
  }

  private void print(List<Device> devices) {
    cli.terminal()
        .out()
        .print(
            json
                ? line(JsonText.object("devices", JsonText.array(devices, JsonText::of)))
                : table.format(devices.stream().map(DevicesCommand::row).toList()));
  }

  private static String line(JsonObject object) {
    return JsonText.line(object) + System.lineSeparator();
  }

  private void watch(LavalierClient client) throws LavalierException {
    try (DeviceWatch devices = client.watchDevices(reconnect)) {
      devices.onNotice(notice -> cli.terminal().report("notice: " + notice.message()));
      cli.terminal().output().whileRead(() -> printUntilClosed(devices), devices::close);
    }
  }

  private void printUntilClosed(DeviceWatch devices) throws LavalierException {
    List<Device> before = devices.read();
    if (before == null) {
      return;
    }
    print(before);
    cli.terminal().output().check();
    List<Device> now;
    while ((now = devices.read()) != null) {
      printChanges(before, now);
      cli.terminal().output().check();
      before = now;
    }
  }

  private void printChanges(List<Device> before, List<Device> now) {
    PrintStream out = cli.terminal().out();
    for (Device device : now) {
      if (!before.contains(device)) {
        out.print(
            json ? line(JsonText.object("device", JsonText.of(device))) : table.row(row(device)));
      }
    }
    Set<String> remainingIds = now.stream().map(Device::deviceId).collect(Collectors.toSet());
    for (Device device : before) {
      String id = device.deviceId();
      if (!remainingIds.contains(id)) {
        out.print(
            json
                ? line(JsonText.object("removed_device_id", new JsonPrimitive(id)))
                : table.row("", id, "removed", "", "", ""));
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
      (device.recorded() ? "(recorded) " : "")
          + (device.description().isBlank() ? device.name() : device.description())
    };
  }
}
