package dev.lavalier.capture.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.capture.line.ScriptedAudioLine.Call;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Lines and listeners that fail. */
final class LineFailureTest {

  private final LineSimulation simulation = new LineSimulation();

  @ParameterizedTest
  @EnumSource(Call.class)
  void failingCallIsReportedOnce(Call call) {
    simulation.line.fails(call, new IllegalStateException("driver failure"));
    simulation.start().run(Duration.ofSeconds(1));
    assertThat(simulation.reading.ended()).isTrue();
    assertThat(simulation.lostReason)
        .isEqualTo("the sound system failed: java.lang.IllegalStateException: driver failure");
  }

  @ParameterizedTest
  @EnumSource(Call.class)
  void errorInACallIsReported(Call call) {
    simulation.line.fails(call, new UnsatisfiedLinkError("nRead"));
    simulation.start().run(Duration.ofSeconds(1));
    assertThat(simulation.reading.ended()).isTrue();
    assertThat(simulation.lostReason)
        .isEqualTo("the sound system failed: java.lang.UnsatisfiedLinkError: nRead");
  }

  @Test
  void failingListenerIsNotBlamedOnTheSoundSystem() {
    simulation.failsInListener(new IllegalStateException("bad resampler"));
    simulation.start().run(Duration.ofSeconds(1));
    assertThat(simulation.lostReason)
        .isEqualTo("processing its audio failed: java.lang.IllegalStateException: bad resampler");
  }

  @Test
  void memoryErrorInTheListenerIsReported() {
    simulation.failsInListener(new OutOfMemoryError("Java heap space"));
    simulation.start().run(Duration.ofSeconds(1));
    assertThat(simulation.reading.ended()).isTrue();
    assertThat(simulation.lostReason)
        .isEqualTo("processing its audio failed: java.lang.OutOfMemoryError: Java heap space");
  }

  @Test
  void failureAfterStopIsNotReported() {
    simulation.start().run(Duration.ofSeconds(1));
    simulation.reading.stop();
    simulation.line.fails(Call.AVAILABLE, new IllegalStateException("closed"));
    simulation.reading.step();
    assertThat(simulation.lostReason).isNull();
  }
}
