package dev.lavalier.simulation;

import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.hub.DeviceState;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.Hub;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The invariants of the list of devices, checked after each report of the sound system. */
final class ListChecks {

  private final Scenario scenario;
  private final SimulatedDevices devices;
  private final Violations violations;
  private final Map<String, String> ids = new HashMap<>(); // of devices without an equal one
  private long reports;
  private String defaultId = "";

  ListChecks(Scenario scenario, SimulatedDevices devices, Violations violations) {
    this.scenario = scenario;
    this.devices = devices;
    this.violations = violations;
  }

  void afterStep(Hub hub) {
    if (reports != devices.reports()) {
      reports = devices.reports();
      List<DeviceDescriptor> listed = devices.devices().list();
      violations.trace(() -> "listed: " + listed.stream().map(DeviceDescriptor::id).toList());
      checkDefault(listed);
      checkSingle(listed);
      checkOpen(hub);
    }
  }

  /** There is one default, and it moves only if its device is gone. */
  private void checkDefault(List<DeviceDescriptor> listed) {
    Set<String> unique = new HashSet<>();
    int defaults = 0;
    String before = defaultId;
    for (DeviceDescriptor each : listed) {
      violations.check(unique.add(each.id()), () -> "listed twice: " + each.id());
      if (each.isDefault()) {
        defaults++;
        defaultId = each.id();
      }
    }
    violations.check(defaults == (listed.isEmpty() ? 0 : 1), () -> "not one default: " + listed);
    violations.check(
        defaultId.equals(before) || !unique.contains(before),
        () -> "the default moved from " + before + " to " + defaultId);
  }

  /**
   * A device without an equal one keeps its id, and is listed while it is plugged in, also if it is
   * open or another program uses it.
   */
  private void checkSingle(List<DeviceDescriptor> listed) {
    for (SimulatedDevice device : scenario.devices()) {
      if (scenario.hasTwin(device)) {
        continue;
      }
      List<String> now =
          listed.stream()
              .filter(each -> each.name().startsWith(device.model))
              .map(DeviceDescriptor::id)
              .toList();
      String id = ids.computeIfAbsent(device.model, m -> now.isEmpty() ? null : now.get(0));
      boolean mustBeListed = device.reported && device.known;
      violations.check(
          now.isEmpty() ? !mustBeListed : now.equals(List.of(id)),
          () -> device + " is listed as " + now + ", and was listed as " + id);
    }
  }

  /** A device that is open, and was not lost, is listed. */
  void checkOpen(Hub hub) {
    for (DeviceStatus each : hub.devices()) {
      if (each.state() == DeviceState.OPEN) {
        violations.check(
            devices.isListed(each.device().id()), () -> "open, and not listed: " + each);
      }
    }
  }
}
