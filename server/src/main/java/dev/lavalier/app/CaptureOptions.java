package dev.lavalier.app;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.script.ScriptedMicrophone;
import dev.lavalier.capture.virtual.ToneDevice;
import dev.lavalier.capture.virtual.VirtualDevice;
import dev.lavalier.capture.virtual.WavDevice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options for capture devices, capture formats and the history. */
final class CaptureOptions {

  @Option(
      names = "--capture-format",
      paramLabel = "RATE/CHANNELS/ENCODING",
      defaultValue = "48000/2/s16le",
      description = "Capture format of each device that supports it. Default: ${DEFAULT-VALUE}.")
  private String captureFormat;

  @Option(
      names = "--device-format",
      paramLabel = "DEVICE_ID=FORMAT",
      description = "Capture format of one device, as in --capture-format. Can be repeated.")
  private final List<String> deviceFormats = new ArrayList<>();

  @Option(
      names = "--period-ms",
      paramLabel = "MS",
      defaultValue = "10",
      description =
          "Length of one read from a device in milliseconds, 1 to 100. Default: ${DEFAULT-VALUE}.")
  private int periodMs;

  @Option(
      names = "--history-ms",
      paramLabel = "MS",
      defaultValue = "0",
      description =
          "Keep the last MS milliseconds of each open device for streams that start in the past,"
              + " 0 to 600000. Default: ${DEFAULT-VALUE}.")
  private int historyMs;

  @Option(
      names = "--keep-open",
      paramLabel = "DEVICE_ID",
      description =
          "Keep a device open for its history: it records before a caller asks for audio. Can be"
              + " repeated.")
  private final Set<String> keptOpen = new LinkedHashSet<>();

  @Option(
      names = "--demo",
      description = "Make the test tone the default device if no hardware can be captured.")
  private boolean demo;

  @Option(
      names = "--wav",
      paramLabel = "NAME=FILE",
      description = "Add a device NAME that plays FILE in a loop. Can be repeated.")
  private final List<String> wavs = new ArrayList<>();

  @Option(
      names = "--script",
      paramLabel = "FILE",
      description =
          "Add the scripted microphones of FILE, which play sounds and faults for tests of clients."
              + " The first one is the default device.")
  private @Nullable String script;

  /**
   * Checks the options and returns their values. Reads the script and the WAV files.
   *
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
   */
  Values values() {
    List<VirtualDevice> virtualDevices = virtualDevices();
    return new Values(
        parseFormat("capture-format", captureFormat),
        deviceFormats(),
        Duration.ofMillis(Checks.range("period-ms", periodMs, 1, 100)),
        Duration.ofMillis(Checks.range("history-ms", historyMs, 0, 600_000)),
        keptOpen(),
        demo,
        microphones(virtualDevices),
        virtualDevices);
  }

  /**
   * The values of the options.
   *
   * @param format the capture format of each device that supports it
   * @param deviceFormats the capture formats of single devices, by device id; they take precedence
   * @param period the length of one read from a device
   * @param history the length of the history; zero: none
   * @param keptOpen the ids of the always-on devices
   * @param demo whether the test tone is the default device if no hardware can be captured
   * @param microphones the scripted microphones
   * @param virtualDevices the test tone and the devices that play WAV files
   */
  record Values(
      PcmFormat format,
      Map<String, PcmFormat> deviceFormats,
      Duration period,
      Duration history,
      Set<String> keptOpen,
      boolean demo,
      List<ScriptedMicrophone> microphones,
      List<VirtualDevice> virtualDevices) {}

  /**
   * Refuses the options for devices of this machine, for an edge: it has none.
   *
   * @throws IllegalArgumentException if one is set; its message is one line for the user
   */
  void requireNoLocalDevices() {
    refuse("device-format", deviceFormats);
    refuse("demo", demo ? List.of("true") : List.of());
    refuse("wav", wavs);
    refuse("script", script == null ? List.of() : List.of(script));
  }

  private static void refuse(String setting, List<String> values) {
    if (!values.isEmpty()) {
      throw new IllegalArgumentException(
          "%s: %s (expected: not together with --fleet-edge; an edge has no devices of its own)"
              .formatted(setting, values.get(0)));
    }
  }

  private Set<String> keptOpen() {
    Checks.noneEmpty("keep-open", keptOpen);
    if (!keptOpen.isEmpty() && historyMs == 0) {
      throw new IllegalArgumentException(
          "keep-open: %s (expected: --history-ms of 1 or more, which keep-open requires)"
              .formatted(String.join(", ", keptOpen)));
    }
    return keptOpen;
  }

  private Map<String, PcmFormat> deviceFormats() {
    Map<String, PcmFormat> formats = new HashMap<>();
    for (String text : deviceFormats) {
      NamedValue format = NamedValue.parse("device-format", "DEVICE_ID=FORMAT", text);
      formats.put(format.name(), parseFormat("device-format", format.value()));
    }
    return formats;
  }

  private List<ScriptedMicrophone> microphones(List<VirtualDevice> virtualDevices) {
    if (script == null) {
      return List.of();
    }
    List<ScriptedMicrophone> microphones = ScriptFile.read(FileNames.parse("script: ", script));
    for (ScriptedMicrophone each : microphones) {
      if (virtualDevices.stream().anyMatch(device -> device.name().equals(each.name()))) {
        throw new IllegalArgumentException(
            "script: %s (expected: a device_id that no virtual device has)".formatted(each.name()));
      }
    }
    return microphones;
  }

  private List<VirtualDevice> virtualDevices() {
    List<VirtualDevice> devices = new ArrayList<>();
    devices.add(new ToneDevice());
    Map<String, Path> files = new LinkedHashMap<>();
    for (String text : wavs) {
      NamedValue wav = NamedValue.parse("wav", "NAME=FILE", text);
      files.put(wav.name(), FileNames.parse("wav: " + wav.name() + "=", wav.value()));
    }
    files.forEach(
        (name, file) -> {
          if (devices.stream().anyMatch(d -> d.name().equals(name))) {
            throw new IllegalArgumentException(
                "wav: %s=%s (expected: a name that no other virtual device has)"
                    .formatted(name, file));
          }
          devices.add(WavDevice.of(name, file));
        });
    return devices;
  }

  private static PcmFormat parseFormat(String flag, String text) {
    try {
      return PcmFormat.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(flag + "." + e.getMessage(), e);
    }
  }
}
