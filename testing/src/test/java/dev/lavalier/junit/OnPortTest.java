package dev.lavalier.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.lavalier.capture.script.ScriptedMicrophone;
import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.client.UncheckedLavalierException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests a server on a port, which all tests of the class share. */
final class OnPortTest {

  private static final ScriptedMicrophone MICROPHONE =
      ScriptedMicrophone.named("mic")
          .withFormat("16000/1/s16le")
          .tone(Duration.ofMillis(100))
          .overrun(Duration.ofMillis(40))
          .tone(Duration.ofMillis(100));

  @RegisterExtension static final LavalierExtension lavalier = LavalierExtension.onPort(MICROPHONE);

  private static void readScript(LavalierClient client) throws Exception {
    // Each frame waits as long as it must on a busy machine.
    StreamOptions complete = StreamOptions.builder().maxLatency(Duration.ofMinutes(1)).build();
    try (FrameStream frames = client.stream(complete)) {
      Frame frame = frames.read();
      while (frame.gap().isEmpty()) {
        frame = frames.read();
      }
      assertThat(frame.gap())
          .map(Gap::parts)
          .contains(List.of(new Gap.Part(640, Gap.Cause.DEVICE_OVERRUN, false)));
      assertThatExceptionOfType(UncheckedLavalierException.class)
          .isThrownBy(() -> frames.forEach(next -> {}))
          .withMessageContaining("the script has ended");
    }
  }

  @Test
  void scriptIsPlayedInRealTime() throws Exception {
    long start = System.nanoTime();
    readScript(lavalier.client());
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(240_000_000);
  }

  @Test
  void otherClientsCanConnect() throws Exception {
    try (LavalierClient client = LavalierClient.connect(lavalier.address())) {
      readScript(client);
    }
  }

  @Test
  void timeCannotBeAdvanced() {
    assertThatIllegalStateException()
        .isThrownBy(() -> lavalier.advance(Duration.ofSeconds(1)))
        .withMessage("advance: real time (expected: inProcess)");
  }

  @Test
  void unusableExtensionsAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(LavalierExtension::inProcess)
        .withMessage("microphones: none (expected: one or more)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LavalierExtension.onPort(ScriptedMicrophone.named("mic").restart()))
        .withMessage("steps: mic has no sound (expected: a tone, silence or wav)");
    LavalierExtension extension = LavalierExtension.inProcess(MICROPHONE);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> extension.withHistory(Duration.ofHours(1)))
        .withMessage("history: PT1H (expected: zero to ten minutes)");
    assertThatIllegalStateException()
        .isThrownBy(extension::client)
        .withMessage("no test runs (expected: a call inside of a test)");
  }
}
