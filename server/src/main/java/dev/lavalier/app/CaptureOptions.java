package dev.lavalier.app;

import dev.lavalier.audio.PcmFormat;
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
import picocli.CommandLine.Option;

/** What the server captures, and how. */
final class CaptureOptions {

  @Option(
      names = "--capture-format",
      paramLabel = "RATE/CHANNELS/ENCODING",
      defaultValue = "48000/2/s16le",
      description =
          "Format to capture in, for each device that offers it (default: ${DEFAULT-VALUE}).")
  private String captureFormat;

  @Option(
      names = "--device-format",
      paramLabel = "DEVICE_ID=FORMAT",
      description = "Format to capture one device in, as --capture-format. May be given again.")
  private final Map<String, String> deviceFormats = new LinkedHashMap<>();

  @Option(
      names = "--period-ms",
      paramLabel = "MS",
      defaultValue = "10",
      description = "Length of one read from a device, 1..100 (default: ${DEFAULT-VALUE}).")
  private int periodMs;

  @Option(
      names = "--history-ms",
      paramLabel = "MS",
      defaultValue = "0",
      description =
          "Keep the last MS of each open device for streams that begin before now, 0..600000 (default: ${DEFAULT-VALUE}).")
  private int historyMs;

  @Option(
      names = "--keep-open",
      paramLabel = "DEVICE_ID",
      description =
          "Keep a device open for its history: it records before anyone asks. May be given again.")
  private final Set<String> keptOpen = new LinkedHashSet<>();

  @Option(
      names = "--demo",
      description = "Make the test tone the default device where no hardware can be captured.")
  private boolean demo;

  @Option(
      names = "--wav",
      paramLabel = "NAME=FILE",
      description = "Add a device NAME that plays FILE in a loop. May be given again.")
  private final Map<String, Path> wavs = new LinkedHashMap<>();

  boolean demo() {
    return demo;
  }

  Duration period() {
    return Duration.ofMillis(Checks.range("period-ms", periodMs, 1, 100));
  }

  Duration history() {
    return Duration.ofMillis(Checks.range("history-ms", historyMs, 0, 600_000));
  }

  /**
   * Returns the devices that are kept open.
   *
   * @throws IllegalArgumentException where there is no history to keep them open for
   */
  Set<String> keptOpen() {
    if (!keptOpen.isEmpty() && historyMs == 0) {
      throw new IllegalArgumentException(
          "keep-open: %s (expected: --history-ms with it, or there is nothing to keep it open for)"
              .formatted(String.join(", ", keptOpen)));
    }
    return keptOpen;
  }

  PcmFormat format() {
    return parseFormat("capture-format", captureFormat);
  }

  Map<String, PcmFormat> deviceFormats() {
    Map<String, PcmFormat> formats = new HashMap<>();
    deviceFormats.forEach((id, text) -> formats.put(id, parseFormat("device-format", text)));
    return formats;
  }

  /** Returns the tone and what plays files. */
  List<VirtualDevice> virtualDevices() {
    List<VirtualDevice> devices = new ArrayList<>();
    devices.add(new ToneDevice());
    wavs.forEach(
        (name, file) -> {
          if (devices.stream().anyMatch(d -> d.name().equals(name))) {
            throw new IllegalArgumentException(
                "wav: %s=%s (expected: a name that is not taken)".formatted(name, file));
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
