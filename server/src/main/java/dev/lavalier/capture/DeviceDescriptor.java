package dev.lavalier.capture;

import dev.lavalier.audio.PcmFormat;
import java.util.List;

/**
 * A device that can be captured, as the source listed it last. Immutable.
 *
 * @param id the stable {@code device_id}
 * @param name the name that the sound system reports
 * @param vendor the vendor that the sound system reports; may be empty
 * @param description the description that the sound system reports; may be empty
 * @param isDefault whether an empty {@code device_id} selects this device
 * @param captureFormat the format in which the device is captured for all subscribers
 * @param formats the capture formats that the sound system reports
 * @param nodeId the id of the node of a fleet that has the device; empty: this machine has it
 * @param recorded whether the fleet keeps the audio of the device on disks while it is open
 */
public record DeviceDescriptor(
    String id,
    String name,
    String vendor,
    String description,
    boolean isDefault,
    PcmFormat captureFormat,
    List<SupportedFormat> formats,
    String nodeId,
    boolean recorded) {

  /** Copies the list. */
  public DeviceDescriptor {
    formats = List.copyOf(formats);
  }

  /** Describes a device of this machine. */
  public DeviceDescriptor(
      String id,
      String name,
      String vendor,
      String description,
      boolean isDefault,
      PcmFormat captureFormat,
      List<SupportedFormat> formats) {
    this(id, name, vendor, description, isDefault, captureFormat, formats, "", false);
  }

  /** Returns the same device, not marked as the default. */
  public DeviceDescriptor asNotDefault() {
    return new DeviceDescriptor(
        id, name, vendor, description, false, captureFormat, formats, nodeId, recorded);
  }
}
