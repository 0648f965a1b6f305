package dev.lavalier.capture;

import dev.lavalier.common.LogText;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.util.List;
import java.util.function.Predicate;

/** Finds the device that a request names. */
public final class DeviceResolver {

  /** The maximum number of ids in a message: an edge can have thousands of devices. */
  private static final int MAX_IDS = 20;

  private DeviceResolver() {}

  /**
   * Returns the device that a request names. A device that the caller may not list does not exist
   * for that caller.
   *
   * @param all every device
   * @param id a {@code device_id}; empty: the default device
   * @param visible which devices the caller may list, by their ids
   * @throws StreamException DEVICE_NOT_FOUND, with the ids that the caller can choose from
   */
  public static DeviceDescriptor resolve(
      List<DeviceDescriptor> all, String id, Predicate<String> visible) throws StreamException {
    List<DeviceDescriptor> listed = all.stream().filter(d -> visible.test(d.id())).toList();
    Predicate<DeviceDescriptor> requested =
        id.isEmpty() ? DeviceDescriptor::isDefault : d -> d.id().equals(id);
    return listed.stream()
        .filter(requested)
        .findFirst()
        .orElseThrow(
            () ->
                new StreamException(
                    Reason.DEVICE_NOT_FOUND,
                    id.isEmpty() ? noDefaultMessage(listed) : notFoundMessage(id, listed)));
  }

  private static String notFoundMessage(String id, List<DeviceDescriptor> listed) {
    return "device_id: %s (expected: %s)"
        .formatted(LogText.sanitizeAndTruncate(id), availableIds(listed, "no device is available"));
  }

  /** Does not report a default device that the caller may not list. */
  private static String noDefaultMessage(List<DeviceDescriptor> listed) {
    boolean isEdge = listed.stream().anyMatch(device -> !device.nodeId().isEmpty());
    return "device_id: empty (expected: %s; %s)"
        .formatted(
            availableIds(listed, "no device is available"),
            isEdge
                ? "an edge has no default device"
                : "no default device is available: without capture hardware, the server needs"
                    + " --demo for a test tone");
  }

  private static String availableIds(List<DeviceDescriptor> listed, String none) {
    if (listed.isEmpty()) {
      return none;
    }
    int more = listed.size() - MAX_IDS;
    List<String> ids = listed.stream().limit(MAX_IDS).map(DeviceDescriptor::id).toList();
    return "one of %s%s"
        .formatted(String.join(", ", ids), more > 0 ? ", and %d more".formatted(more) : "");
  }
}
