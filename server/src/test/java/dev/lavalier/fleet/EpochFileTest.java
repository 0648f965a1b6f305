package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.capture.LossCause;
import dev.lavalier.pipeline.StartFrom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that numbers of epochs grow, whatever the clock of a node says. */
final class EpochFileTest {

  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration YEAR = Duration.ofDays(365);

  @TempDir private Path directory;
  private Path file;
  private final DirectFleet fleet = new DirectFleet();

  @BeforeEach
  void nameTheFile() {
    file = directory.resolve("epoch");
  }

  private EpochFile open() throws IOException {
    return EpochFile.open(file, fleet.nodeTime);
  }

  private long stored() throws IOException {
    return Long.parseLong(Files.readString(file).strip());
  }

  @Test
  void timeNeverShrinks_alsoAfterARestart() throws IOException {
    try (EpochFile epochs = open()) {
      long before = epochs.micros(fleet.nodeTime);
      assertThat(before).isEqualTo(fleet.nodeTime.unixNanos() / 1_000);
      fleet.nodeTime.stepWallClock(YEAR.negated());
      fleet.pass(SECOND);
      assertThat(epochs.micros(fleet.nodeTime)).isEqualTo(before + 1_000_000);
      epochs.onEpoch(before + 1_000_000);
      assertThat(stored()).isEqualTo(before + 1_000_000);
      epochs.onEpoch(before); // does not replace a later one
      assertThat(stored()).isEqualTo(before + 1_000_000);
    }
    long last = stored();
    fleet.nodeTime.stepWallClock(YEAR.negated());
    try (EpochFile epochs = open()) {
      assertThat(epochs.micros(fleet.nodeTime)).isGreaterThan(last);
      fleet.nodeTime.stepWallClock(YEAR.multipliedBy(3));
      assertThat(epochs.micros(fleet.nodeTime)).isEqualTo(fleet.nodeTime.unixNanos() / 1_000);
    }
  }

  @Test
  void damagedFile_isReplaced() throws IOException {
    for (String text : new String[] {"", "\0\0\0\0", "0", "9223372036854775807"}) {
      Files.writeString(file, text);
      open().close();
      assertThat(stored()).isEqualTo(fleet.nodeTime.unixNanos() / 1_000);
    }
  }

  @Test
  void fileWithSomethingElse_isRefused_andStaysAsItIs() throws IOException {
    for (String text : new String[] {"tomorrow", "-1", "SUAKEY", "1".repeat(2_000)}) {
      Files.writeString(file, text);
      assertThatThrownBy(this::open)
          .isInstanceOf(IOException.class)
          .hasMessage("it has something other than the number of an epoch");
      assertThat(file).hasContent(text);
    }
  }

  @Test
  void directory_isRefused() {
    file = directory;
    assertThatThrownBy(this::open).isInstanceOf(IOException.class).hasMessageContaining("regular");
  }

  @Test
  void directoryThatDoesNotExist_isRefused() {
    file = directory.resolve("none/epoch");
    assertThatThrownBy(this::open).isInstanceOf(IOException.class).hasMessageContaining("none");
  }

  @Test
  void nodeWhoseClockWasSetBackBeforeARestart_servesClientsThatResume() throws Exception {
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ofSeconds(10));
    DirectFleet.Listener before;
    try (EpochFile epochs = open()) {
      DirectFleet.Node node = fleet.startNode(1, Duration.ofSeconds(10), epochs);
      fleet.run(SECOND);
      before = edge.subscribe(StartFrom.LIVE, 0);
      fleet.run(Duration.ofSeconds(100));
      node.link.cut = true; // killed
      before.subscription.cancel("left");
    }
    fleet.microphone.stop(Duration.ZERO);
    fleet.nodeTime.stepWallClock(YEAR.negated());
    try (EpochFile epochs = open()) {
      fleet.startNode(2, Duration.ofSeconds(10), epochs);
      fleet.run(Duration.ofSeconds(5));
      DirectFleet.Listener after = edge.subscribe(before.resume(), 0);
      fleet.run(SECOND);
      assertThat(after.end).isNull();
      assertThat(after.epochs.get(0)).isGreaterThan(before.epochs.get(0));
      assertThat(after.indexes).isNotEmpty();
      assertThat(after.gaps)
          .singleElement()
          .satisfies(
              gap -> {
                assertThat(gap.loss().cause()).isEqualTo(LossCause.NOT_KEPT);
                assertThat(gap.sampleCount()).isBetween(4 * 48_000L, 6 * 48_000L);
              });
    }
  }
}
