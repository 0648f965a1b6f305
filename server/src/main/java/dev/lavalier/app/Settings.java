package dev.lavalier.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The settings from outside the command line: from the environment and from one YAML file. {@code
 * --max-subscribers} is {@code LAVALIER_MAX_SUBSCRIBERS} in the environment and {@code
 * max-subscribers} in the file. Flags take precedence over the environment, and the environment
 * over the file. If a key is set in more than one place, only the place with the highest precedence
 * counts. Values are not merged, even for an option that can be repeated.
 *
 * <p>The file maps each key to a value, to a list, or, for options of the form NAME=VALUE, to a
 * mapping. A list that is set and empty is an error: it could be meant as "all" or as "none".
 * Immutable after construction.
 */
final class Settings {

  /** Environment variables that belong to other programs. */
  private static final Set<String> IGNORED_VARIABLES =
      Set.of("LAVALIER_SERVER", "LAVALIER_TOKEN", "LAVALIER_JAVA_OPTS");

  private static final Pattern KUBERNETES_NAME =
      Pattern.compile(
          "LAVALIER_(\\w+_)?(SERVICE_HOST|SERVICE_PORT(_\\w+)?"
              + "|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");

  private static final Pattern KUBERNETES_URL = Pattern.compile("(tcp|udp|sctp)://");

  private static final Pattern LINE_BREAK = Pattern.compile("\\R");

  /** Not followed by the number of a device, such as 0, 0#2 or 0=16000/1/s16le. */
  private static final Pattern SEPARATING_COMMA = Pattern.compile(",(?!\\d+(#\\d+)?(,|=|$))");

  private static final String PREFIX = "LAVALIER_";
  private static final String CONFIG = "config";

  /**
   * The values of one key.
   *
   * @param origin the place where they were set, for messages
   */
  private record Setting(List<String> values, String origin) {}

  private final Map<String, OptionSpec> options = new LinkedHashMap<>();
  private final Map<String, Setting> settings = new LinkedHashMap<>();

  /**
   * Reads the settings that no flag sets.
   *
   * @param command the command whose options are the keys
   * @param flags the keys that flags set
   * @param configFlag the value of {@code --config}; null: not set
   * @throws IllegalArgumentException if a key or value is invalid, or the file cannot be read; its
   *     message is one line for the user
   */
  Settings(
      CommandSpec command,
      Set<String> flags,
      @Nullable String configFlag,
      Map<String, String> environment) {
    for (OptionSpec option : command.options()) {
      if (!option.usageHelp() && !option.versionHelp()) {
        options.put(key(option), option);
      }
    }
    readEnvironment(environment);
    settings.keySet().removeAll(flags);
    Setting named = settings.remove(CONFIG);
    String file = configFlag != null ? configFlag : named == null ? null : named.values().get(0);
    if (file != null) {
      readFile(Path.of(file), flags);
    }
  }

  /** Returns the key of an option: its longest name without the leading dashes. */
  static String key(OptionSpec option) {
    return option.longestName().replaceFirst("^--", "");
  }

  /** Returns the settings as command line arguments. */
  List<String> asArguments() {
    List<String> arguments = new ArrayList<>();
    settings.forEach(
        (key, setting) ->
            setting.values().forEach(value -> arguments.add("--" + key + "=" + value)));
    return arguments;
  }

  /**
   * Returns the place where a key was set, for messages; null: it was set by a flag, or not at all.
   */
  @Nullable String origin(String key) {
    Setting setting = settings.get(key);
    return setting == null ? null : setting.origin();
  }

  private void readEnvironment(Map<String, String> environment) {
    environment.forEach(
        (name, value) -> {
          if (!name.startsWith(PREFIX)
              || IGNORED_VARIABLES.contains(name)
              || isSetByKubernetes(name, value)) {
            return;
          }
          String key = name.substring(PREFIX.length()).toLowerCase(Locale.ROOT).replace('_', '-');
          OptionSpec option = options.get(key);
          if (option == null) {
            throw unknown(name, "");
          }
          List<String> values = option.isMultiValue() ? split(value) : List.of(value);
          settings.put(key, new Setting(checked(option, name, values), name));
        });
  }

  /**
   * Returns whether a variable is one of those that Kubernetes sets in every container for a
   * service whose name is, or begins with, lavalier. {@code LAVALIER_PORT} is one if its value is a
   * URL.
   */
  private static boolean isSetByKubernetes(String name, String value) {
    return KUBERNETES_NAME.matcher(name).matches()
        || (name.endsWith("_PORT") && KUBERNETES_URL.matcher(value).lookingAt());
  }

  /**
   * Returns the values of an option that can be repeated: the lines, or, if there is only one line,
   * what is between its commas. A comma in front of a number separates nothing, because the ids of
   * sound cards have one: {@code PCH,0}.
   */
  private static List<String> split(String value) {
    return LINE_BREAK.matcher(value).find()
        ? List.of(LINE_BREAK.split(value.strip(), -1))
        : List.of(SEPARATING_COMMA.split(value, -1));
  }

  private void readFile(Path path, Set<String> flags) {
    YamlFile file = YamlFile.read(CONFIG, path);
    Node root = file.root();
    if (root == null) { // empty, or only comments
      return;
    }
    if (!(root instanceof MappingNode mapping)) {
      throw new IllegalArgumentException(
          "%s: (expected: lines of the form key: value)".formatted(file.at(root)));
    }
    Map<String, String> firstPlaces = new LinkedHashMap<>();
    for (NodeTuple entry : mapping.getValue()) {
      String place = file.at(entry.getKeyNode());
      String key = file.scalar(entry.getKeyNode());
      OptionSpec option = options.get(key);
      if (option == null || key.equals(CONFIG)) {
        throw unknown(key, place + ": ");
      }
      String before = firstPlaces.put(key, place);
      if (before != null) {
        throw YamlFile.repeated(place, key, before);
      }
      List<String> values =
          checked(option, place + ": " + key, values(file, option, entry.getValueNode()));
      if (!flags.contains(key)) {
        settings.putIfAbsent(key, new Setting(values, place));
      }
    }
  }

  private static List<String> values(YamlFile file, OptionSpec option, Node node) {
    List<String> values = new ArrayList<>();
    if (node instanceof SequenceNode list) {
      list.getValue().forEach(item -> values.add(file.scalar(item)));
    } else if (node instanceof MappingNode mapping) {
      for (NodeTuple entry : mapping.getValue()) {
        values.add(
            NamedValue.format(file.scalar(entry.getKeyNode()), file.scalar(entry.getValueNode())));
      }
      if (!option.paramLabel().contains("=")) { // it would become an id of a device
        throw new IllegalArgumentException(
            "%s: %s: a mapping (expected: %s)"
                .formatted(
                    file.at(node), key(option), option.isMultiValue() ? "a list" : "one value"));
      }
    } else {
      values.add(file.scalar(node));
    }
    return values;
  }

  /**
   * Returns the values, after a check that the option accepts as many, that none of a list is
   * empty, and that a switch is a boolean.
   */
  private static List<String> checked(OptionSpec option, String place, List<String> values) {
    if (!option.isMultiValue() && values.size() != 1) {
      throw new IllegalArgumentException(
          "%s: %s (expected: one value)".formatted(place, String.join(", ", values)));
    }
    if (option.isMultiValue() && (values.isEmpty() || values.contains(""))) {
      throw new IllegalArgumentException(
          "%s: empty (expected: one or more values; to get the default, do not set it)"
              .formatted(place));
    }
    boolean isSwitch = option.type() == boolean.class;
    if (isSwitch && !Set.of("true", "false").contains(values.get(0))) {
      throw new IllegalArgumentException(
          "%s: %s (expected: true or false)".formatted(place, values.get(0)));
    }
    return values;
  }

  private IllegalArgumentException unknown(String name, String place) {
    return new IllegalArgumentException(
        "%s%s: unknown (expected: one of %s%s)"
            .formatted(
                place,
                name,
                String.join(", ", options.keySet()),
                name.startsWith(PREFIX) ? ", in upper case after " + PREFIX : ""));
  }

  /** Returns the arguments of a command line, followed by these settings. */
  String[] appendTo(String[] arguments) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.addAll(asArguments());
    return all.toArray(String[]::new);
  }
}
