package dev.lavalier.capture.virtual;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.line.AudioLine;
import dev.lavalier.capture.line.LineCapture;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The virtual devices of a server. They are always available and never change. Immutable; safe for
 * use from any thread.
 */
public final class VirtualDevices implements Devices {

  private static final String VENDOR = "Lavalier";

  /**
   * A virtual device has no driver whose buffer could overrun. Its lines are full only if the
   * server is so late that the audio is of no use.
   */
  private static final Duration BUFFER = Duration.ofSeconds(2);

  private final Map<String, VirtualDevice> devices;
  private final List<DeviceDescriptor> list;
  private final LineSettings settings;

  /**
   * Creates the source.
   *
   * @param devices the devices, with distinct names
   * @param defaultName the name of the device to mark as default; empty: none
   */
  public VirtualDevices(List<VirtualDevice> devices, String defaultName, LineSettings settings) {
    this.settings = settings;
    this.devices =
        devices.stream().collect(Collectors.toMap(VirtualDevice::name, Function.identity()));
    this.list =
        devices.stream()
            .filter(device -> settings.allowed().test(device.name()))
            .map(device -> describe(device, device.name().equals(defaultName)))
            .toList();
  }

  private DeviceDescriptor describe(VirtualDevice device, boolean isDefault) {
    PcmFormat preferred = settings.preferredFormat().apply(device.name());
    return new DeviceDescriptor(
        device.name(),
        device.name(),
        VENDOR,
        device.description(),
        isDefault,
        SupportedFormat.closest(preferred, device.formats()).orElseThrow(),
        device.formats());
  }

  @Override
  public void start() {}

  @Override
  public List<DeviceDescriptor> list() {
    return list;
  }

  @Override
  public void onChange(Runnable listener) {}

  @Override
  public Capture open(String deviceId) throws StreamException {
    DeviceDescriptor device =
        list.stream()
            .filter(each -> each.id().equals(deviceId))
            .findFirst()
            .orElseThrow(
                () ->
                    new StreamException(
                        Reason.DEVICE_LOST,
                        "device_id: %s (expected: a device that is available)"
                            .formatted(deviceId)));
    PcmFormat format = device.captureFormat();
    int bufferSamples = (int) format.samplesIn(BUFFER.toNanos());
    try {
      AudioLine line =
          VirtualLine.open(devices.get(deviceId), format, bufferSamples, settings.timeSource());
      return new LineCapture(device, line, settings.period(), settings.timeSource());
    } catch (IOException e) {
      throw new StreamException(
          Reason.DEVICE_BUSY,
          "device_id: %s (expected: a device that opens in %s; error: %s)"
              .formatted(deviceId, format, e.getMessage()),
          e);
    }
  }

  @Override
  public void close() {}
}
