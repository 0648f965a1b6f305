package dev.lavalier.common;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SuspendTimeTest {

  @TempDir Path dir;

  private Path uptime(String text) throws IOException {
    return Files.writeString(dir.resolve("uptime"), text);
  }

  @Test
  void suspendIsUptimeThatTheSteadyClockDoesNotCount() throws IOException {
    SuspendTime time = new SuspendTime(uptime("350735.47 234388.90\n"));
    long before = time.nanos();
    uptime("354335.47 234388.90\n");
    // The steady clock continued between the two calls; the file did not.
    assertThat(time.nanos() - before).isBetween(3_590_000_000_000L, 3_600_000_000_000L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "350735.47", "abc def", "-1.00 2.00", "NaN 1", "1e300 1"})
  void absurdFileIsUnknown(String text) throws IOException {
    assertThat(new SuspendTime(uptime(text)).nanos()).isEqualTo(TimeSource.UNKNOWN);
  }

  @Test
  void absentFileIsUnknown() {
    assertThat(new SuspendTime(dir.resolve("absent")).nanos()).isEqualTo(TimeSource.UNKNOWN);
  }
}
