package dev.lavalier.app;

import dev.lavalier.capture.script.ScriptedMicrophone;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Reads the scripted microphones of {@code --script}. docs/user/testing.md describes the file. All
 * exceptions are {@link IllegalArgumentException} with a message of one line for the user.
 */
final class ScriptFile {

  private static final int MAX_MICROPHONES = 64;
  private static final int MAX_STEPS = ScriptedMicrophone.MAX_STEPS;

  private static final String HZ = "hz";
  private static final String TONE = "tone-ms";
  private static final List<String> MICROPHONE_KEYS =
      List.of("format", "clock-ppm", "repeat", "steps");

  /** The steps that are a mapping, in the order of the documentation. */
  private static final List<String> STEP_KEYS =
      List.of(TONE, "silence-ms", "wav", "overrun-ms", "overload-ms", "unplug-ms", "clock-step-ms");

  private static final String STEPS =
      "tone, silence, restart, or one of %s with a value".formatted(String.join(", ", STEP_KEYS));

  private final YamlFile file;

  private ScriptFile(YamlFile file) {
    this.file = file;
  }

  /** Reads a file, and the headers of the WAV files that it names. */
  static List<ScriptedMicrophone> read(Path path) {
    ScriptFile script = new ScriptFile(YamlFile.read("script", path));
    Node root = script.file.root();
    if (root == null) {
      throw new IllegalArgumentException(
          "%s: empty (expected: lines of the form DEVICE_ID: with a mapping)".formatted(path));
    }
    Map<String, NodeTuple> entries = script.entries(root, "lines of the form DEVICE_ID:");
    if (entries.isEmpty() || entries.size() > MAX_MICROPHONES) {
      throw script.invalid(
          root, "microphones: " + entries.size(), "1..%d".formatted(MAX_MICROPHONES));
    }
    List<ScriptedMicrophone> microphones = new ArrayList<>();
    entries.forEach((name, entry) -> microphones.add(script.microphone(name, entry)));
    return microphones;
  }

  private ScriptedMicrophone microphone(String name, NodeTuple entry) {
    Node body = entry.getValueNode();
    Map<String, NodeTuple> keys = entries(body, "a mapping with steps");
    for (String key : keys.keySet()) {
      if (!MICROPHONE_KEYS.contains(key)) {
        throw invalid(
            keys.get(key).getKeyNode(),
            key + ": unknown",
            "one of " + String.join(", ", MICROPHONE_KEYS));
      }
    }
    ScriptedMicrophone microphone = at(entry.getKeyNode(), () -> ScriptedMicrophone.named(name));
    if (keys.containsKey("format")) {
      Node value = keys.get("format").getValueNode();
      ScriptedMicrophone before = microphone;
      microphone = at(value, () -> before.withFormat(file.scalar(value)));
    }
    if (keys.containsKey("clock-ppm")) {
      Node value = keys.get("clock-ppm").getValueNode();
      ScriptedMicrophone before = microphone;
      microphone = at(value, () -> before.withClockPpm(number(value)));
    }
    if (keys.containsKey("repeat") && isTrue(keys.get("repeat").getValueNode())) {
      microphone = microphone.repeating();
    }
    if (!keys.containsKey("steps")) {
      throw invalid(body, "steps: missing", "a list of steps");
    }
    return withSteps(microphone, keys.get("steps").getValueNode());
  }

  private ScriptedMicrophone withSteps(ScriptedMicrophone start, Node node) {
    if (!(node instanceof SequenceNode list) || list.getValue().isEmpty()) {
      throw invalid(node, "steps", "a list of steps");
    }
    if (list.getValue().size() > MAX_STEPS) {
      throw invalid(node, "steps: " + list.getValue().size(), "at most %d".formatted(MAX_STEPS));
    }
    ScriptedMicrophone microphone = start;
    for (Node item : list.getValue()) {
      ScriptedMicrophone before = microphone;
      microphone =
          at(
              item,
              () ->
                  item instanceof ScalarNode
                      ? withPlainStep(before, item)
                      : withStep(before, item));
    }
    return at(node, microphone::checked);
  }

  private ScriptedMicrophone withPlainStep(ScriptedMicrophone microphone, Node item) {
    String step = file.scalar(item);
    return switch (step) {
      case "tone" -> microphone.tone();
      case "silence" -> microphone.silence();
      case "restart" -> microphone.restart();
      default ->
          throw new IllegalArgumentException("steps: %s (expected: %s)".formatted(step, STEPS));
    };
  }

  private ScriptedMicrophone withStep(ScriptedMicrophone microphone, Node item) {
    Map<String, NodeTuple> keys = entries(item, STEPS);
    boolean hasHz = keys.containsKey(HZ);
    if (keys.size() != (hasHz ? 2 : 1) || (hasHz && !keys.containsKey(TONE))) {
      throw new IllegalArgumentException(
          "steps: %s (expected: %s; tone-ms can have hz)"
              .formatted(String.join(", ", keys.keySet()), STEPS));
    }
    String key = keys.keySet().stream().filter(each -> !each.equals(HZ)).findFirst().orElseThrow();
    Node value = keys.get(key).getValueNode();
    return switch (key) {
      case TONE ->
          hasHz
              ? microphone.tone((int) integer(HZ, keys.get(HZ).getValueNode()), millis(key, value))
              : microphone.tone(millis(key, value));
      case "silence-ms" -> microphone.silence(millis(key, value));
      case "wav" -> microphone.wav(wavFile(value));
      case "overrun-ms" -> microphone.overrun(millis(key, value));
      case "overload-ms" -> microphone.overload(millis(key, value));
      case "unplug-ms" -> microphone.unplug(millis(key, value));
      case "clock-step-ms" -> microphone.clockStep(millis(key, value));
      default ->
          throw new IllegalArgumentException("steps: %s (expected: %s)".formatted(key, STEPS));
    };
  }

  /** Returns the file that a value names, relative to the folder of the script. */
  private Path wavFile(Node value) {
    return file.path().resolveSibling(FileNames.parse("wav: ", file.scalar(value)));
  }

  private Duration millis(String key, Node value) {
    return Duration.ofMillis(integer(key, value));
  }

  private long integer(String key, Node value) {
    try {
      return Integer.parseInt(file.scalar(value));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "%s: %s (expected: an integer)".formatted(key, file.scalar(value)), e);
    }
  }

  private double number(Node value) {
    try {
      return Double.parseDouble(file.scalar(value));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "clock-ppm: %s (expected: a number)".formatted(file.scalar(value)), e);
    }
  }

  private boolean isTrue(Node value) {
    return switch (file.scalar(value)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw invalid(value, "repeat: " + file.scalar(value), "true or false");
    };
  }

  /** Returns the entries of a mapping by their keys, in their order. */
  private Map<String, NodeTuple> entries(Node node, String expected) {
    if (!(node instanceof MappingNode mapping)) {
      throw invalid(node, "no mapping", expected);
    }
    Map<String, NodeTuple> entries = new LinkedHashMap<>();
    for (NodeTuple entry : mapping.getValue()) {
      String key = file.scalar(entry.getKeyNode());
      NodeTuple before = entries.put(key, entry);
      if (before != null) {
        throw YamlFile.repeated(file.at(entry.getKeyNode()), key, file.at(before.getKeyNode()));
      }
    }
    return entries;
  }

  /** Adds the place of a node to the message of an error. */
  private ScriptedMicrophone at(Node node, Supplier<ScriptedMicrophone> change) {
    try {
      return change.get();
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw message.startsWith(file.path() + ":")
          ? e // it has its place already
          : new IllegalArgumentException(file.at(node) + ": " + message, e);
    }
  }

  private IllegalArgumentException invalid(Node node, String what, String expected) {
    return new IllegalArgumentException(
        "%s: %s (expected: %s)".formatted(file.at(node), what, expected));
  }
}
