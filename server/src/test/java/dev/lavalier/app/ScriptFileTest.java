package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the checks of {@code --script} through {@code check-config}. */
final class ScriptFileTest {

  @TempDir private Path directory;

  /** Returns the exit code and the output. */
  private static String check(Path script) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        ServerMain.run(
            new String[] {"check-config", "--script", script.toString()},
            Map.of(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return code + " " + (code == 0 ? out : err).toString(StandardCharsets.UTF_8).strip();
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("faults.yaml"), text);
  }

  @Test
  void everyKeyIsRead() throws IOException {
    String script =
        """
        mic:
          format: 16000/1/s16le
          clock-ppm: -12.5
          repeat: true
          steps:
            - tone-ms: 100
              hz: 1000
            - overrun-ms: 10
            - silence-ms: 100
            - overload-ms: 10
            - clock-step-ms: -3600000
            - restart
            - unplug-ms: 500
            - tone-ms: 100
        second:
          steps: [silence]
        """;
    assertThat(check(file(script))).startsWith("0 ").contains("script: ", "faults.yaml");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | : empty (expected: lines of the form DEVICE_ID: with a mapping)",
        "'{}' | :1: microphones: 0 (expected: 1..64)",
        "'[mic]' | :1: no mapping (expected: lines of the form DEVICE_ID:)",
        "'mic: x' | :1: no mapping (expected: a mapping with steps)",
        "'mic: {}' | :1: steps: missing (expected: a list of steps)",
        "'mic: {steps: []}' | :1: steps (expected: a list of steps)",
        "'mic: {step: [tone]}' |"
            + " :1: step: unknown (expected: one of format, clock-ppm, repeat, steps)",
        "'{m: {steps: [tone]}, m: {steps: [tone]}}' |"
            + " :1: m (expected: once; it is also set at DIR/faults.yaml:1)",
        "'mic: {format: x, steps: [tone]}' | :1: format: x (expected: RATE/CHANNELS/ENCODING,"
            + " as 48000/2/s16le; encodings s16le, s24le, s32le, f32le)",
        "'mic: {clock-ppm: fast, steps: [tone]}' | :1: clock-ppm: fast (expected: a number)",
        "'mic: {clock-ppm: 99999, steps: [tone]}' |"
            + " :1: clock-ppm: 99999.0 (expected: -10000..10000)",
        "'mic: {repeat: yes, steps: [tone]}' | :1: repeat: yes (expected: true or false)",
        "'mic: {steps: [noise]}' | :1: steps: noise (expected: STEPS)",
        "'mic: {steps: [{noise-ms: 1}]}' | :1: steps: noise-ms (expected: STEPS)",
        "'mic: {steps: [{wav: a, hz: 1}]}' |"
            + " :1: steps: wav, hz (expected: STEPS; tone-ms can have hz)",
        "'mic: {steps: [{tone-ms: 1, hz: 0}]}' | :1: hz: 0 (expected: 1..20000)",
        "'mic: {steps: [{tone-ms: 1, hz: a}]}' | :1: hz: a (expected: an integer)",
        "'mic: {steps: [tone, {overrun-ms: 50}]}' | :1: steps: a step after an endless one"
            + " (expected: a sound without an end only at last)",
        "'mic: {steps: [{overrun-ms: 5000}, tone]}' |"
            + " :1: overrun-ms: 5000 (expected: 1..2000)",
        "'mic: {steps: [{wav: none.wav}]}' |"
            + " :1: wav: mic=DIR/none.wav (expected: a readable file)",
        "'mic: {steps: [restart]}' |"
            + " :1: steps: mic has no sound (expected: a tone, silence or wav)",
      })
  void errorIsOneLineWithItsPlace(String text, String message) throws IOException {
    String steps =
        "tone, silence, restart, or one of tone-ms, silence-ms, wav, overrun-ms, overload-ms,"
            + " unplug-ms, clock-step-ms with a value";
    Path script = file(text);
    assertThat(check(script))
        .isEqualTo(
            "2 " + script + message.replace("STEPS", steps).replace("DIR", directory.toString()));
  }

  @Test
  void placeIsTheLineOfTheStep() throws IOException {
    Path script = file("mic:\n  steps:\n    - tone-ms: 10\n    - unplug-ms: 0\n");
    assertThat(check(script)).isEqualTo("2 " + script + ":4: unplug-ms: 0 (expected: 1..3600000)");
  }

  @Test
  void limitsHold() throws IOException {
    Path steps = file("mic:\n  steps:\n" + "    - {tone-ms: 1}\n".repeat(1_001));
    assertThat(check(steps)).endsWith("steps: 1001 (expected: at most 1000)");
    StringBuilder microphones = new StringBuilder();
    for (int i = 0; i < 65; i++) {
      microphones.append("m").append(i).append(": {steps: [tone]}\n");
    }
    assertThat(check(file(microphones.toString()))).endsWith("microphones: 65 (expected: 1..64)");
    assertThat(check(directory.resolve("none.yaml")))
        .isEqualTo(
            "2 script: %s (expected: an existing file)".formatted(directory.resolve("none.yaml")));
  }

  @Test
  void nameOfVirtualDeviceIsRefused() throws IOException {
    assertThat(check(file("tone: {steps: [silence]}\n")))
        .isEqualTo("2 script: tone (expected: a device_id that no virtual device has)");
  }
}
