package dev.lavalier.capture;

import dev.lavalier.audio.PcmFormat;
import java.util.List;

/**
 * A device that can be captured, as of the registry's last look. Immutable.
 *
 * @param id the stable {@code device_id}
 * @param name the sound system's name for it
 * @param vendor the sound system's word for its maker; may be empty
 * @param description more words of the sound system's; may be empty
 * @param isDefault whether an empty {@code device_id} means this one
 * @param captureFormat the format in which it is captured, whoever subscribes
 * @param formats what the sound system says it can be captured in
 */
public record DeviceDescriptor(
    String id,
    String name,
    String vendor,
    String description,
    boolean isDefault,
    PcmFormat captureFormat,
    List<SupportedFormat> formats) {

  /** Copies the list. */
  public DeviceDescriptor {
    formats = List.copyOf(formats);
  }

  /** Returns the same device, not as the default. */
  public DeviceDescriptor asNotDefault() {
    return new DeviceDescriptor(id, name, vendor, description, false, captureFormat, formats);
  }
}
