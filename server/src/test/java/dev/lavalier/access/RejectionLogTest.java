package dev.lavalier.access;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LogLines;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Rejected callers can neither fill the log nor forge a line in it. */
final class RejectionLogTest {

  private final ManualTimeSource timeSource = new ManualTimeSource();
  private final RejectionLog rejections = new RejectionLog(timeSource);

  @Test
  void firstTwentyRejectionsAreLoggedAndTheOthersCounted() {
    try (LogLines log = LogLines.of(RejectionLog.class.getName())) {
      for (int i = 0; i < 1_000; i++) {
        rejections.rejected("192.0.2.7:51234", "an unknown token");
      }
      assertThat(log.all())
          .hasSize(20)
          .containsOnly("WARN refused 192.0.2.7:51234: an unknown token");
      timeSource.advance(Duration.ofSeconds(10));
      assertThat(log.all()).hasSize(21).last().isEqualTo("WARN refused 980 more within 10 s");
    }
  }

  @Test
  void limitsHaveOneLineInAMinuteAndTheOthersAreCountedByLimit() {
    try (LogLines log = LogLines.of(RejectionLog.class.getName())) {
      for (int i = 0; i < 1_000; i++) {
        rejections.limitReached("192.0.2.7:" + i, "A/B", "streams by ann" + i + ": too many");
        rejections.limitReached("192.0.2.7:" + i, "A/B", "calls over one connection: too many");
        rejections.limitReached("192.0.2.7:" + i, "", "max-connections is reached");
      }
      assertThat(log.all())
          .containsExactly("WARN refused 192.0.2.7:0: A/B, streams by ann0: too many");
      timeSource.advance(Duration.ofSeconds(60));
      assertThat(log.all())
          .hasSize(2)
          .last()
          .isEqualTo(
              "WARN refused 2999 more within 60 s, by limit: calls 1000, max-connections is reached"
                  + " 1000, streams 1000");
      rejections.limitReached("192.0.2.7:1", "A/B", "streams by ann: too many");
      assertThat(log.all()).hasSize(3);
    }
  }

  @Test
  void serverNameOfPeerCannotForgeLogLine() {
    String serverName = "ev\u2028il\u202e\u0085 2026 INFO audit microphone off device=x";
    try (LogLines log = LogLines.of(RejectionLog.class.getName())) {
      rejections.rejected("192.0.2.7:51234", "TLS handshake, Illegal server name, " + serverName);
      assertThat(log.all())
          .containsExactly(
              "WARN refused 192.0.2.7:51234: TLS handshake, Illegal server name,"
                  + " ev?il?? 2026 INFO audit microphone off device=x");
    }
  }
}
