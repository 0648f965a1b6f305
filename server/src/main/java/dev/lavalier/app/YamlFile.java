package dev.lavalier.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

/**
 * A YAML file whose values are texts. All exceptions are {@link IllegalArgumentException} with a
 * message of one line for the user.
 *
 * @param path the file
 * @param root its content; null: it is empty, or has only comments
 */
record YamlFile(Path path, @Nullable Node root) {

  /** The maximum size of a file, far more than all keys need. */
  private static final int MAX_FILE_BYTES = 1 << 20;

  /**
   * Reads a file.
   *
   * @param key the key of the option that names the file, for messages
   */
  static YamlFile read(String key, Path file) {
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new IllegalArgumentException(
            "%s: %s (expected: at most %d bytes)".formatted(key, file, MAX_FILE_BYTES));
      }
      LoadSettings yaml =
          LoadSettings.builder().setLabel(file.toString()).setSchema(new FailsafeSchema()).build();
      String text = Files.readString(file, StandardCharsets.UTF_8);
      return new YamlFile(file, new Compose(yaml).composeString(text).orElse(null));
    } catch (StackOverflowError e) { // the YAML reader recurses for each level
      throw new IllegalArgumentException(
          "%s: %s (expected: keys with values, lists or mappings, not deeply nested)"
              .formatted(key, file),
          e);
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(
          "%s: %s (expected: an existing file)".formatted(key, file), e);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "%s: %s (expected: a readable file of UTF-8 text; %s)"
              .formatted(key, file, e.getMessage()),
          e);
    } catch (MarkedYamlEngineException e) {
      throw new IllegalArgumentException(
          "%s: (expected: YAML; %s)"
              .formatted(
                  e.getProblemMark().map(mark -> at(file, mark)).orElse(file.toString()),
                  e.getProblem()),
          e);
    } catch (YamlEngineException e) {
      throw new IllegalArgumentException(
          "%s: (expected: YAML; %s)".formatted(file, e.getMessage().lines().findFirst().orElse("")),
          e);
    }
  }

  /** Returns the text of a scalar. */
  String scalar(Node node) {
    if (node instanceof ScalarNode scalar) {
      return scalar.getValue();
    }
    throw new IllegalArgumentException(
        "%s: (expected: a plain value, or a list or mapping of them)".formatted(at(node)));
  }

  /** Returns the place of a node, for messages: {@code FILE:LINE}. */
  String at(Node node) {
    return node.getStartMark().map(mark -> at(path, mark)).orElse(path.toString());
  }

  private static String at(Path file, Mark mark) {
    return file + ":" + (mark.getLine() + 1);
  }

  /** Returns the error of a key that is set twice. */
  static IllegalArgumentException repeated(String place, String key, String before) {
    return new IllegalArgumentException(
        "%s: %s (expected: once; it is also set at %s)".formatted(place, key, before));
  }
}
