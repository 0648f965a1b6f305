package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.ManualTimeSource;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each cause has at most two lines per minute, for any number of peers. */
final class PeerEventLogTest {

  private static final InetSocketAddress PEER =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 4711);

  private final ManualTimeSource timeSource = new ManualTimeSource();
  private final List<String> lines = new ArrayList<>();
  private final PeerEventLog log = new PeerEventLog(timeSource, lines::add);

  @Test
  void firstEventIsLoggedAtOnceAndOthersAreCounted() {
    for (int i = 0; i < 10_000; i++) {
      log.log(PeerEventLog.Cause.PROTOCOL_VIOLATION, PEER, "too_many_pings");
    }
    assertThat(lines)
        .containsExactly(
            "a connection was closed: the peer broke a rule or limit of HTTP/2 (127.0.0.1:4711:"
                + " too_many_pings)");
    timeSource.advance(Duration.ofSeconds(60));
    assertThat(lines).hasSize(2);
    assertThat(lines.get(1))
        .isEqualTo(
            "a connection was closed: the peer broke a rule or limit of HTTP/2: 9999 more within"
                + " the last minute");
  }

  @Test
  void singleEventIsLoggedOnceAndNextMinuteStartsAgain() {
    log.log(PeerEventLog.Cause.CONNECTION_LIMIT, PEER, "");
    timeSource.advance(Duration.ofSeconds(60));
    assertThat(lines)
        .containsExactly("a connection was closed: max-connections is reached (127.0.0.1:4711)");
    log.log(PeerEventLog.Cause.CONNECTION_LIMIT, PEER, "");
    assertThat(lines).hasSize(2);
  }

  @Test
  void causesAreLimitedSeparately() {
    log.log(PeerEventLog.Cause.CONNECTION_LIMIT, PEER, "");
    log.log(PeerEventLog.Cause.KEEPALIVE_TIMEOUT, PEER, "");
    assertThat(lines).hasSize(2);
  }

  @Test
  void stoppingServerLogsNothing() {
    log.stop();
    log.log(PeerEventLog.Cause.KEEPALIVE_TIMEOUT, PEER, "");
    assertThat(lines).isEmpty();
  }
}
