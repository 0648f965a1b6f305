package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Capability;
import dev.lavalier.v1.GetServerInfoRequest;
import dev.lavalier.v1.GetServerInfoResponse;
import dev.lavalier.v1.ServerLimits;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the properties of the server that callers can ask for. */
final class ServerInfoTest {

  private static GetServerInfoResponse serverInfo(Channel channel) {
    return AudioCaptureGrpc.newBlockingStub(channel)
        .getServerInfo(GetServerInfoRequest.getDefaultInstance());
  }

  @Nested
  final class WithDefaults {

    @RegisterExtension final LavalierExtension lavalier = LavalierExtension.withManualTime();

    @Test
    void serverWithoutHistoryHasNoCapabilityForIt() {
      GetServerInfoResponse info = serverInfo(lavalier.channel());
      assertThat(info.getVersion()).isEqualTo("1.2.3-test");
      assertThat(info.getCapabilitiesList())
          .containsExactly(Capability.CAPABILITY_STEADY_TIME, Capability.CAPABILITY_LEVELS);
      assertThat(info.getLimits().getHistoryMs()).isZero();
    }

    @Test
    void limitsAreThoseThatRequestsMeet() throws Exception {
      ServerLimits limits = serverInfo(lavalier.channel()).getLimits();
      assertAccepted(tone().setMaxLatencyMs(limits.getMaxLatencyMs()));
      assertInvalid(tone().setMaxLatencyMs(limits.getMaxLatencyMs() + 1));

      // Without a limit on channels: 64 channels of 16 bits.
      int largest = limits.getMaxFrameBytes() / 128;
      StreamFramesRequest.Builder wide = tone();
      for (int i = 0; i < 64; i++) {
        wide.addChannelMap(1);
      }
      assertAccepted(wide.setFrameSize(largest));
      assertInvalid(wide.setFrameSize(largest + 1));
    }

    @Test
    void clocksAreThoseOfFrames() throws Exception {
      TestSubscriber subscriber = lavalier.subscribe(480).requestAll();
      subscriber.nextStarted();
      lavalier.advance(Duration.ofMillis(20), 1);
      subscriber.nextFrame();
      AudioFrame frame = subscriber.nextFrame();
      lavalier.advance(Duration.ofMillis(30), 1);
      GetServerInfoResponse info = serverInfo(lavalier.channel());
      long age = info.getServerSteadyNanos() - frame.getReadTimeSteadyNanos();
      assertThat(age).isEqualTo(30_000_000);
      assertThat(info.getServerTimeUnixNanos() - frame.getCaptureTimeUnixNanos())
          .isEqualTo(age + frame.getReadDelayMicros() * 1_000L);
    }

    private StreamFramesRequest.Builder tone() {
      return StreamFramesRequest.newBuilder().setDeviceId("tone");
    }

    private void assertAccepted(StreamFramesRequest.Builder request) throws Exception {
      TestSubscriber subscriber = lavalier.subscribe(request.build()).requestAll();
      assertThat(subscriber.nextStarted().getDeviceId()).isEqualTo("tone");
      subscriber.cancel();
    }

    private void assertInvalid(StreamFramesRequest.Builder request) throws Exception {
      assertThat(lavalier.subscribe(request.build()).requestAll().awaitStatus().getCode())
          .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
  }

  @Nested
  final class Configured {

    @RegisterExtension
    final LavalierExtension lavalier =
        LavalierExtension.withManualTime()
            .withTokens("ann TOKEN(lav_ann) list=* stream=*")
            .withLimits(new SubscriberLimits(40, 30, 20, 10), Duration.ofSeconds(7))
            .withResources(new ResourceLimits(900, 800, 700, 600, 500, 0.4, 0.3, 3))
            .withHistory(Duration.ofSeconds(90));

    @Test
    void configuredValuesAreReported() {
      GetServerInfoResponse info = serverInfo(lavalier.channelWith("lav_ann"));
      assertThat(info.getCapabilitiesList())
          .containsExactly(
              Capability.CAPABILITY_HISTORY,
              Capability.CAPABILITY_STEADY_TIME,
              Capability.CAPABILITY_LEVELS);
      assertThat(info.getLimits())
          .isEqualTo(
              ServerLimits.newBuilder()
                  .setMaxLatencyMs(60_000)
                  .setMaxFrameBytes(1_047_552)
                  .setMaxRequestBytes(4_096)
                  .setHistoryMs(90_000)
                  .setStallLimitMs(7_000)
                  .setMaxStreamsPerConnection(20)
                  .setMaxStreamsPerIdentity(10)
                  .setMaxStreamBytesPerCaller(800)
                  .setMaxFramesPerSecondPerCaller(500)
                  .setMaxChannelsPerCapturedChannel(3)
                  .build());
    }

    @Test
    void callerWithoutCredentialIsRejected() {
      assertThatThrownBy(() -> serverInfo(lavalier.channel()))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED));
    }
  }

  @Nested
  final class WithoutAuthentication {

    @RegisterExtension
    final LavalierExtension lavalier =
        LavalierExtension.withManualTime()
            .withLimits(new SubscriberLimits(40, 30, 20, 10), Duration.ofSeconds(7));

    @Test
    void limitOfIdentityDoesNotApplyToAnonymousCaller() {
      ServerLimits limits = serverInfo(lavalier.channel()).getLimits();
      assertThat(limits.getMaxStreamsPerConnection()).isEqualTo(20);
      assertThat(limits.getMaxStreamsPerIdentity()).isZero();
    }
  }
}
