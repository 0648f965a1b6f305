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
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The virtual devices of a server. They are always listed. A thread, {@code lavalier-wav}, looks at
 * them at intervals, and so does {@link #open}, because the file of a {@link WavDevice} can be
 * replaced by one of another format. Without such a device, there is no thread. Safe for use from
 * any thread.
 */
public final class VirtualDevices implements Devices {

  private static final Logger log = LoggerFactory.getLogger(VirtualDevices.class);

  private static final String VENDOR = "Lavalier";

  private static final Duration POLL_INTERVAL = Duration.ofSeconds(3);

  /**
   * A virtual device has no driver whose buffer could overrun. Its lines are full only if the
   * server is so late that the audio is of no use.
   */
  private static final Duration BUFFER = Duration.ofSeconds(2);

  private final String defaultName;
  private final LineSettings settings;
  private final ScheduledExecutorService executor; // has a thread only after a task was scheduled

  private volatile List<VirtualDevice> devices;
  private volatile Runnable changeListener = () -> {};

  /**
   * Creates a source that is not started.
   *
   * @param devices the devices, with distinct names
   * @param defaultName the name of the device to mark as default; empty: none
   */
  public VirtualDevices(List<VirtualDevice> devices, String defaultName, LineSettings settings) {
    this.defaultName = defaultName;
    this.settings = settings;
    this.devices =
        devices.stream().filter(device -> settings.allowed().test(device.name())).toList();
    this.executor =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "lavalier-wav");
              thread.setDaemon(true);
              return thread;
            });
  }

  private DeviceDescriptor describe(VirtualDevice device) {
    PcmFormat preferred = settings.preferredFormat().apply(device.name());
    return new DeviceDescriptor(
        device.name(),
        device.name(),
        VENDOR,
        device.description(),
        device.name().equals(defaultName),
        SupportedFormat.closest(preferred, device.formats()).orElseThrow(),
        device.formats());
  }

  /** Starts to look for changes at intervals, if a device can change. */
  @Override
  public void start() {
    if (devices.stream().anyMatch(WavDevice.class::isInstance)) {
      long interval = POLL_INTERVAL.toMillis();
      var unused =
          executor.scheduleWithFixedDelay(this::refresh, interval, interval, TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public List<DeviceDescriptor> list() {
    return devices.stream().map(this::describe).toList();
  }

  @Override
  public void onChange(Runnable listener) {
    changeListener = listener;
  }

  /** Looks for changes of all devices. A device that is not available stays as it was. */
  void refresh() {
    for (VirtualDevice device : devices) {
      try {
        replace(device, device.refreshed());
      } catch (IOException e) {
        log.debug("{}: {}", device.name(), e.getMessage());
      } catch (RuntimeException | Error e) { // it must not end the polls
        log.warn("looking for a change of {} failed", device.name(), e);
      }
    }
  }

  private void replace(VirtualDevice before, VirtualDevice now) {
    if (now.equals(before)) {
      return;
    }
    synchronized (this) {
      devices = devices.stream().map(each -> each.name().equals(now.name()) ? now : each).toList();
    }
    if (!now.formats().equals(before.formats())) {
      log.info("{}: is now {}", now.name(), describe(now).captureFormat());
      changeListener.run();
    }
  }

  @Override
  public Capture open(String deviceId) throws StreamException {
    VirtualDevice listed =
        devices.stream()
            .filter(each -> each.name().equals(deviceId))
            .findFirst()
            .orElseThrow(
                () ->
                    new StreamException(
                        Reason.DEVICE_LOST,
                        "device_id: %s (expected: a device that is available)"
                            .formatted(deviceId)));
    PcmFormat format = describe(listed).captureFormat();
    try {
      VirtualDevice device = listed.refreshed();
      replace(listed, device);
      DeviceDescriptor descriptor = describe(device);
      format = descriptor.captureFormat();
      int bufferSamples = (int) format.samplesIn(BUFFER.toNanos());
      AudioLine line = VirtualLine.open(device, format, bufferSamples, settings.timeSource());
      return new LineCapture(descriptor, line, settings.period(), settings.timeSource());
    } catch (IOException e) {
      throw new StreamException(
          Reason.DEVICE_BUSY,
          "device_id: %s (expected: a device that opens in %s; error: %s)"
              .formatted(deviceId, format, e.getMessage()),
          e);
    }
  }

  /** Stops looking for changes. Open captures continue. */
  @Override
  public void close() {
    executor.shutdownNow();
  }
}
