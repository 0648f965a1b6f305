package dev.lavalier.capture.script;

import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The scripted microphones of a server. The first one is the default device. Safe for use from any
 * thread; nothing blocks.
 */
public final class ScriptedDevices implements Devices {

  private static final String VENDOR = "Lavalier";

  private final Map<String, Listed> devices = new LinkedHashMap<>(); // not changed any more
  private final LineSettings settings;
  private final AtomicInteger captureThreads = new AtomicInteger();
  private volatile Runnable changeListener = () -> {};

  /**
   * Creates a source.
   *
   * @param microphones the microphones, with distinct names
   * @throws IllegalArgumentException if one of them cannot be played; the message is one line
   */
  public ScriptedDevices(List<ScriptedMicrophone> microphones, LineSettings settings) {
    this.settings = settings;
    for (ScriptedMicrophone microphone : microphones) {
      devices.put(microphone.name(), new Listed(microphone.checked(), devices.isEmpty()));
    }
  }

  /** One microphone, and whether it is plugged in. */
  private final class Listed implements ScriptedCapture.Owner {
    private final ScriptedMicrophone microphone;
    private final DeviceDescriptor descriptor;
    private final ScriptPosition script;
    private volatile boolean unplugged;

    Listed(ScriptedMicrophone microphone, boolean isDefault) {
      this.microphone = microphone;
      this.script = new ScriptPosition(microphone);
      String name = microphone.name();
      this.descriptor =
          new DeviceDescriptor(
              name,
              name,
              VENDOR,
              "Scripted microphone",
              isDefault,
              SupportedFormat.closest(settings.preferredFormat().apply(name), microphone.formats())
                  .orElseThrow(),
              microphone.formats());
    }

    Capture open() {
      return new ScriptedCapture(
          descriptor,
          microphone.clockPpm(),
          script,
          settings.period(),
          settings.timeSource(),
          this);
    }

    @Override
    public void onStarted() {
      captureThreads.incrementAndGet();
    }

    @Override
    public void onEnded() {
      captureThreads.decrementAndGet();
    }

    @Override
    public void unplug(Duration duration) {
      unplugged = true;
      changeListener.run();
      settings
          .timeSource()
          .schedule(
              duration,
              () -> {
                unplugged = false;
                changeListener.run();
              });
    }
  }

  /** Does nothing: the list is known. */
  @Override
  public void start() {}

  @Override
  public List<DeviceDescriptor> list() {
    return devices.values().stream()
        .filter(device -> !device.unplugged)
        .map(device -> device.descriptor)
        .toList();
  }

  @Override
  public void onChange(Runnable listener) {
    changeListener = listener;
  }

  @Override
  public Capture open(String deviceId) throws StreamException {
    Listed device = devices.get(deviceId);
    if (device == null || device.unplugged) {
      throw new StreamException(
          Reason.DEVICE_LOST,
          "device_id: %s (expected: a device that is available)".formatted(deviceId));
    }
    return device.open();
  }

  /**
   * Returns how many threads of captures have started and not ended. They wait only in {@code
   * TimeSource.parkUntil}, so a simulated time knows by this number when all of them wait.
   */
  public int captureThreads() {
    return captureThreads.get();
  }

  /** Does nothing: open captures continue. */
  @Override
  public void close() {}
}
