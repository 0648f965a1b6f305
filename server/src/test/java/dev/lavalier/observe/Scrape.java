package dev.lavalier.observe;

import io.prometheus.metrics.expositionformats.ExpositionFormats;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A scrape in Prometheus' text format.
 *
 * @param types the type of each metric, by name
 * @param labels the labels of each metric, except for the bound of a bucket
 * @param values the value of each series
 */
record Scrape(
    Map<String, String> types, Map<String, Set<String>> labels, Map<String, Double> values) {

  private static final Pattern SAMPLE = Pattern.compile("([a-z0-9_]+)(?:\\{(.*)})? (\\S+)");
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"(?:[^\"\\\\]|\\\\.)*\"");

  static Scrape of(Metrics metrics) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ExpositionFormats.init().getPrometheusTextFormatWriter().write(out, metrics.scrape());
    return parse(out.toString(StandardCharsets.UTF_8));
  }

  static Scrape parse(String text) {
    Map<String, String> types = new TreeMap<>();
    Map<String, Set<String>> labels = new TreeMap<>();
    Map<String, Double> values = new LinkedHashMap<>();
    for (String line : text.lines().toList()) {
      if (line.startsWith("# TYPE ")) {
        String[] words = line.split(" ", -1);
        types.put(words[2], words[3]);
      } else if (!line.startsWith("#")) {
        Matcher sample = SAMPLE.matcher(line);
        if (!sample.matches()) {
          throw new AssertionError("not a sample: " + line);
        }
        Set<String> known =
            labels.computeIfAbsent(family(sample.group(1), types), f -> new TreeSet<>());
        if (sample.group(2) != null) {
          LABEL.matcher(sample.group(2)).results().map(m -> m.group(1)).forEach(known::add);
          known.remove("le");
        }
        values.put(line.substring(0, line.lastIndexOf(' ')), Double.parseDouble(sample.group(3)));
      }
    }
    return new Scrape(types, labels, values);
  }

  private static String family(String name, Map<String, String> types) {
    return types.containsKey(name) ? name : name.replaceFirst("_(bucket|count|sum)$", "");
  }
}
