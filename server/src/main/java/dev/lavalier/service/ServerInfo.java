package dev.lavalier.service;

import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.v1.Capability;
import dev.lavalier.v1.GetServerInfoResponse;
import dev.lavalier.v1.ServerLimits;
import java.time.Duration;

/**
 * The properties of the server that every caller with access may know. Immutable.
 *
 * @param version the version of the server; not empty
 * @param hub the settings of the hub
 * @param maxRequestBytes the maximum size of a request
 * @param timeSource the clocks of the frames
 */
public record ServerInfo(
    String version, HubConfig hub, int maxRequestBytes, TimeSource timeSource) {

  /** Returns the encoded message for a caller, with the current time. */
  byte[] message(Caller caller, Codecs codecs) {
    GetServerInfoResponse.Builder message =
        GetServerInfoResponse.newBuilder().setVersion(version).setLimits(limits(caller));
    if (!hub.history().isZero()) {
      message.addCapabilities(Capability.CAPABILITY_HISTORY);
    }
    return message
        .addCapabilities(Capability.CAPABILITY_STEADY_TIME)
        .addCapabilities(Capability.CAPABILITY_LEVELS)
        .addAllCodecs(codecs.names())
        .setServerTimeUnixNanos(timeSource.unixNanos())
        .setServerSteadyNanos(timeSource.nanoTime())
        .build()
        .toByteArray();
  }

  private ServerLimits limits(Caller caller) {
    return ServerLimits.newBuilder()
        .setMaxLatencyMs(SubscriptionSpec.MAX_LATENCY_MS)
        .setMaxFrameBytes(SubscriptionSpec.MAX_PCM_BYTES)
        .setMaxRequestBytes(maxRequestBytes)
        .setHistoryMs(millis(hub.history()))
        .setStallLimitMs(millis(hub.stallTimeout()))
        .setMaxStreamsPerConnection(hub.limits().perConnection())
        .setMaxStreamsPerIdentity(caller.name().isPresent() ? hub.limits().perIdentity() : 0)
        .setMaxStreamBytesPerCaller(hub.resources().memoryBytesPerCaller())
        .setMaxFramesPerSecondPerCaller(hub.resources().framesPerSecondPerCaller())
        .setMaxChannelsPerCapturedChannel(hub.resources().channelFactor())
        .build();
  }

  private static int millis(Duration duration) {
    return Math.toIntExact(duration.toMillis());
  }
}
