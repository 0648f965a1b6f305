package dev.lavalier.client.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.LavalierClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code lavalier doctor}. */
@Command(
    name = "doctor",
    description = {
      "Check the connection, TLS, access, the device and the clocks, and say what to do about each"
          + " problem.",
      "It opens the device for a second. It prints one line per check: ok, warn or fail. If one of"
          + " them is fail, the exit code is 1."
    })
final class DoctorCommand implements Callable<Integer> {

  @ParentCommand private LavalierCli cli;

  @Option(
      names = "--device",
      paramLabel = "ID",
      defaultValue = "",
      description = "Device to open (default: the server's default device).")
  private String device;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  private final List<Finding> findings = new ArrayList<>();

  @Override
  public Integer call() {
    ConnectOptions options = cli.connectOptions();
    try (LavalierClient client = cli.connect()) {
      new ConnectionCheck(options, client, this::report)
          .run()
          .ifPresent(contact -> checkDevice(client, contact));
    }
    boolean ok = findings.stream().noneMatch(each -> each.result() == Finding.Result.FAIL);
    if (json) {
      JsonObject all = JsonText.object("ok", new JsonPrimitive(ok));
      all.add("checks", JsonText.array(findings, Finding::json));
      cli.terminal().out().println(JsonText.line(all));
    }
    return ok ? 0 : 1;
  }

  private void checkDevice(LavalierClient client, ServerContact contact) {
    Optional<Listening> heard = new DeviceCheck(client, device, contact, this::report).run();
    TimeCheck times = new TimeCheck(contact, heard);
    report(times.clock());
    heard.ifPresent(listening -> report(times.latency(listening)));
  }

  private void report(Finding finding) {
    findings.add(finding);
    if (!json) {
      cli.terminal().out().println(finding.line());
    }
  }
}
