package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.v1.GetServerInfoResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the properties of a server as the library returns them. */
final class ServerInfoTest {

  @Nested
  final class OfRealServer {

    @RegisterExtension
    final LavalierExtension lavalier =
        LavalierExtension.withManualTime()
            .withTokens("ann TOKEN(lav_ann) list=* stream=*")
            .withLimits(new SubscriberLimits(40, 30, 20, 10), Duration.ofSeconds(7))
            .withResources(new ResourceLimits(900, 800, 700, 600, 500, 0.4, 0.3, 3))
            .withHistory(Duration.ofSeconds(90));

    @Test
    void everyPropertyIsReturned() throws Exception {
      ServerInfo info = LavalierClient.over(lavalier.channelWith("lav_ann")).serverInfo();
      assertThat(info)
          .isEqualTo(
              new ServerInfo(
                  "1.2.3-test",
                  Set.of(ServerInfo.Capability.values()),
                  new ServerInfo.Limits(
                      Duration.ofMinutes(1),
                      1_047_552,
                      4_096,
                      Duration.ofSeconds(90),
                      Duration.ofSeconds(7),
                      20,
                      10,
                      800,
                      500,
                      3),
                  Instant.ofEpochSecond(0, lavalier.timeSource().unixNanos()),
                  lavalier.timeSource().nanoTime()));
    }

    @Test
    void callerWithoutCredentialIsRejected() {
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(LavalierClient.over(lavalier.channel())::serverInfo)
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.NOT_AUTHENTICATED));
    }
  }

  @Nested
  final class OfOtherServers {

    @RegisterExtension final FakeServer server = new FakeServer();

    @Test
    void capabilitiesOfLaterServersAreIgnored() throws Exception {
      server.setServerInfo(
          GetServerInfoResponse.newBuilder()
              .setVersion("9.0")
              .addCapabilitiesValue(99)
              .addCapabilitiesValue(2)
              .build());
      assertThat(server.client().serverInfo().capabilities())
          .containsExactly(ServerInfo.Capability.STEADY_TIME);
    }

    @Test
    void olderServerDoesNotSupportTheCall() {
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(server.client()::serverInfo)
          .withMessage("Method lavalier.v1.AudioCapture/GetServerInfo is unimplemented")
          .satisfies(
              e -> {
                assertThat(e.kind()).isEqualTo(Kind.NOT_SUPPORTED);
                assertThat(e.kind().isRetryable()).isFalse();
              });
    }
  }
}
