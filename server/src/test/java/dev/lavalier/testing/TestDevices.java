package dev.lavalier.testing;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.CombinedDevices;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.javasound.JavaSoundDevices;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.capture.virtual.ToneDevice;
import dev.lavalier.capture.virtual.VirtualDevice;
import dev.lavalier.capture.virtual.VirtualDevices;
import dev.lavalier.common.TimeSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The devices of a test's server: the tone, further virtual devices, and scripted devices, which
 * are hardware to the server. For use by one thread, except {@link #hangingCalls()}.
 */
final class TestDevices {

  private final TimeSource timeSource;
  private final List<VirtualDevice> virtual = new ArrayList<>(List.of(new ToneDevice()));
  private final Map<String, ScriptedMixerProvider.Script> scripts = new LinkedHashMap<>();
  private final Map<String, PcmFormat> captureFormats = new HashMap<>();
  private PcmFormat captureFormat = PcmFormat.parse("48000/2/s16le");
  private boolean demo = true;

  TestDevices(TimeSource timeSource) {
    this.timeSource = timeSource;
  }

  void captureFormat(String format) {
    captureFormat = PcmFormat.parse(format);
  }

  void captureFormat(String deviceId, String format) {
    captureFormats.put(deviceId, PcmFormat.parse(format));
  }

  void add(VirtualDevice device) {
    virtual.add(device);
  }

  void addScripted(String name) {
    scripts.put(name, ScriptedMixerProvider.add(name, timeSource));
  }

  void withoutDemo() {
    demo = false;
  }

  ScriptedMixerProvider.Script script(String name) {
    return scripts.get(name);
  }

  /** Returns how many calls hang in scripted devices now. */
  int hangingCalls() {
    return scripts.values().stream().mapToInt(script -> script.hangingCalls.get()).sum();
  }

  /** Creates the devices for a server. They include no device of the machine. */
  Devices create() {
    List<String> allowed = new ArrayList<>(scripts.keySet());
    virtual.forEach(device -> allowed.add(device.name()));
    LineSettings settings =
        new LineSettings(
            id -> captureFormats.getOrDefault(id, captureFormat), allowed::contains, timeSource);
    return new CombinedDevices(
        List.of(
            new JavaSoundDevices(settings),
            new VirtualDevices(virtual, demo ? ToneDevice.NAME : "", settings)),
        allowed::contains);
  }

  void removeScripted() {
    scripts.values().forEach(ScriptedMixerProvider.Script::close);
  }
}
