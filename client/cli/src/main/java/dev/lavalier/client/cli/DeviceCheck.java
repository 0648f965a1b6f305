package dev.lavalier.client.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Opens a device for a second and judges what it delivers. For use by one thread, which it blocks
 * for at most about a minute.
 */
final class DeviceCheck {

  private static final String DEVICE = "device";

  private static final String MISSING_MICROPHONE =
      "If lavalier devices lists no microphone: see arecord -l on the server's machine; the user of"
          + " the server must be in the group audio";

  /**
   * Longer than the default, so that this program, which has just started, is not the reason for
   * lost samples.
   */
  private static final Duration MAX_LATENCY = Duration.ofSeconds(2);

  /** The server reports a device that delivers nothing after 10 s. */
  private static final Duration TIMEOUT = Duration.ofSeconds(15);

  /** In the message for a device whose driver or sound server does not return from a call. */
  private static final String NOT_RESPONDING = "is not responding";

  /** Fewer can be in a signal that was recorded at its full range. */
  private static final int MIN_CLIPPED = 10;

  private final LavalierClient client;
  private final String deviceId;
  private final ServerContact contact;
  private final Duration timeout;
  private final Consumer<Finding> findings;

  /**
   * Creates a check.
   *
   * @param deviceId the device; empty: the default device
   */
  DeviceCheck(
      LavalierClient client, String deviceId, ServerContact contact, Consumer<Finding> findings) {
    this(client, deviceId, contact, TIMEOUT, findings);
  }

  /** Creates a check that waits for the audio for another time. */
  DeviceCheck(
      LavalierClient client,
      String deviceId,
      ServerContact contact,
      Duration timeout,
      Consumer<Finding> findings) {
    this.client = client;
    this.deviceId = deviceId;
    this.contact = contact;
    this.timeout = timeout;
    this.findings = findings;
  }

  /** Returns what the device delivered; empty if it could not be opened. */
  Optional<Listening> run() {
    Listening heard;
    try {
      heard = listen();
    } catch (LavalierException e) {
      findings.accept(Finding.fail(DEVICE, FlagNames.in(e.getMessage()), advice(e)));
      return Optional.empty();
    } catch (CliException e) {
      findings.accept(Finding.fail(DEVICE, e.getMessage(), "Look at the log of the server"));
      return Optional.empty();
    }
    findings.accept(opened(heard.start().deviceId()));
    findings.accept(format(heard.start().deviceId(), heard.start().captureFormat()));
    findings.accept(level(heard.levels()));
    findings.accept(loss(heard.lost(), heard.start().format().sampleRateHz()));
    return Optional.of(heard);
  }

  private Finding opened(String id) {
    Map<String, JsonElement> values = Map.of("device_id", new JsonPrimitive(id));
    // The only virtual device that can be the default is the test tone.
    return deviceId.isEmpty() && contact.facts().virtualDevices().contains(id)
        ? Finding.warn(
            DEVICE,
            id + " was opened: it is the server's test tone, because no microphone is available",
            "Connect a microphone to the server's machine. " + MISSING_MICROPHONE,
            values)
        : Finding.ok(DEVICE, id + " was opened and read for a second", values);
  }

  private Listening listen() throws LavalierException {
    StreamOptions options =
        StreamOptions.builder()
            .deviceId(deviceId)
            .maxLatency(MAX_LATENCY)
            .reconnect(Duration.ZERO)
            .build();
    try (FrameStream stream = client.stream(options)) {
      CompletableFuture.delayedExecutor(timeout.toMillis(), TimeUnit.MILLISECONDS)
          .execute(stream::close);
      return Listening.to(stream);
    }
  }

  private String advice(LavalierException e) {
    return switch (e.kind()) {
      case DEVICE_NOT_FOUND ->
          deviceId.isEmpty()
              ? "Choose one of lavalier devices with --device. " + MISSING_MICROPHONE
              : "Choose one of lavalier devices, or ask the operator for a grant for this one";
      case NOT_PERMITTED, NOT_AUTHENTICATED ->
          "Ask the operator for a token or a certificate with a grant to stream this device";
      case LIMIT_REACHED ->
          "End other streams (lavalier subscriptions), or ask the operator for a higher limit";
      case UNAVAILABLE ->
          // The code is the same for all reasons, so the server's text chooses the advice.
          e.getMessage().contains(NOT_RESPONDING)
              ? "Check the sound server of the server's machine, such as PulseAudio or PipeWire, and"
                  + " restart it. The log of the server has the details"
              : "Check its cable. Close other programs that use it on the server's machine, such as"
                  + " PulseAudio or PipeWire. The log of the server has the details";
      case FORMAT_NOT_AVAILABLE ->
          "Ask the operator for a --capture-format that the device supports";
      default -> "Look at the log of the server";
    };
  }

  private Finding format(String id, PcmFormat captured) {
    Set<Integer> rates = contact.facts().sampleRatesHz().getOrDefault(id, Set.of());
    JsonArray listed = new JsonArray();
    rates.forEach(listed::add);
    Map<String, JsonElement> values = new LinkedHashMap<>();
    values.put("capture_format", new JsonPrimitive(captured.toString()));
    values.put("native_rates_hz", listed);
    if (rates.isEmpty()) {
      return Finding.ok(
          "format",
          "captured in %s; the sound system does not tell the native rate".formatted(captured),
          values);
    }
    return rates.contains(captured.sampleRateHz())
        ? Finding.ok("format", "captured in %s, at a native rate".formatted(captured), values)
        : Finding.warn(
            "format",
            "captured in %s, but the native rates are %s Hz, so the sound system converts"
                .formatted(captured, rates.toString().replaceAll("[\\[\\]]", "")),
            "Ask the operator for a --capture-format with a native rate",
            values);
  }

  private static Finding level(Levels levels) {
    List<Integer> silent = new ArrayList<>();
    List<Integer> clipped = new ArrayList<>();
    double rms = Double.NEGATIVE_INFINITY;
    JsonArray channels = new JsonArray();
    for (int channel = 0; channel < levels.channels(); channel++) {
      JsonObject object = new JsonObject();
      object.add("rms_dbfs", JsonText.number(levels.rms(channel)));
      object.add("peak_dbfs", JsonText.number(levels.peak(channel)));
      object.addProperty("clipped_samples", levels.clipped(channel));
      channels.add(object);
      rms = Math.max(rms, levels.rms(channel));
      if (levels.peak(channel) == Double.NEGATIVE_INFINITY) {
        silent.add(channel + 1);
      }
      if (levels.clipped(channel) >= MIN_CLIPPED) {
        clipped.add(channel + 1);
      }
    }
    Map<String, JsonElement> values = Map.of("channels", channels);
    if (silent.size() == levels.channels()) {
      return Finding.warn(
          "level",
          "digital silence: every sample is zero",
          "Unmute the microphone. On macOS, allow the server to use it. The monitor of an idle"
              + " output is also silent",
          values);
    }
    String text =
        "rms %s dBFS, peak %s dBFS"
            .formatted(Levels.text(rms).strip(), Levels.text(levels.peak()).strip());
    if (!clipped.isEmpty()) {
      return Finding.warn(
          "level",
          "%s, clipped on channel %s".formatted(text, joined(clipped)),
          "Reduce the gain of the input, for example with alsamixer",
          values);
    }
    return silent.isEmpty()
        ? Finding.ok("level", text, values)
        : Finding.warn(
            "level",
            "%s, digital silence on channel %s".formatted(text, joined(silent)),
            "If no microphone is connected there, omit the channel with --channels",
            values);
  }

  private static String joined(List<Integer> channels) {
    return channels.toString().replaceAll("[\\[\\]]", "");
  }

  private static Finding loss(Map<Gap.Cause, Long> lost, int sampleRateHz) {
    long total = lost.values().stream().mapToLong(Long::longValue).sum();
    Map<String, JsonElement> values = Map.of("lost_samples", new JsonPrimitive(total));
    if (total == 0) {
      return Finding.ok("loss", "none", values);
    }
    Gap.Cause main =
        lost.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
    return Finding.warn(
        "loss",
        "%d samples (%.3f s) %s"
            .formatted(total, (double) total / sampleRateHz, Progress.cause(main)),
        switch (main) {
          case SLOW_SUBSCRIBER ->
              "The network or this machine is too slow: request less with --format, or allow more"
                  + " delay with --max-latency-ms";
          case DEVICE_OVERRUN ->
              "On the server's machine, give the sound server a real-time priority, or use another"
                  + " USB port";
          case SERVER_OVERLOAD -> "Reduce the load of the server's machine";
          case UPSTREAM -> "Check the network between the capturing machine and the server";
          case DEVICE_LOST -> "Check the cable of the device";
          case NOT_KEPT, UNKNOWN -> "Look at the log of the server";
        },
        values);
  }
}
