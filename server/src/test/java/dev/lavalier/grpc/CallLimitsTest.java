package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.RawCall;
import dev.lavalier.v1.AudioCaptureGrpc;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the limits of calls that are not subscriptions, and their end when access ends. */
final class CallLimitsTest {

  private static final String ANN = "ann TOKEN(lav_ann) stream=tone";
  private static final String REVOKED =
      "authorization: of ann (expected: access that has neither expired nor been revoked)";

  @RegisterExtension
  final LavalierExtension lavalier = LavalierExtension.withManualTime().withTokens(ANN);

  private final List<RawCall> started = new ArrayList<>();

  private Channel ann() {
    return lavalier.channelWith("lav_ann");
  }

  private RawCall health(Channel channel, MethodDescriptor<?, ?> method, String name) {
    RawCall call =
        RawCall.start(channel, method)
            .send(HealthCheckRequest.newBuilder().setService(name).build().toByteArray())
            .halfClose();
    started.add(call);
    return call;
  }

  /** Cancels the calls that are still open: a health watch does not end when the hub closes. */
  private void cancelCalls() {
    started.forEach(RawCall::cancel);
  }

  private RawCall check(Channel channel, String name) {
    return health(channel, HealthGrpc.getCheckMethod(), name);
  }

  private RawCall watch(Channel channel, String name) {
    return health(channel, HealthGrpc.getWatchMethod(), name);
  }

  private static RawCall watchDevices(Channel channel) {
    return RawCall.start(channel, AudioCaptureGrpc.getWatchDevicesMethod())
        .send(new byte[0])
        .halfClose();
  }

  private static void assertEnds(RawCall call, Status.Code code, String message) throws Exception {
    Status status = call.status();
    assertThat(status.getDescription()).isEqualTo(message);
    assertThat(status.getCode()).isEqualTo(code);
  }

  @Test
  void callerWithoutAccessHasFewWatches() throws Exception {
    List<RawCall> watches = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      RawCall watch = watch(lavalier.channel(), "");
      assertThat(watch.isAnswered()).isTrue();
      watches.add(watch);
    }
    Status refused = watch(lavalier.channel(), "").status();
    assertThat(refused.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(refused.getDescription())
        .matches(
            "health watches without access over one connection \\(.*\\): the limit of 4 is"
                + " reached; end a call or try again later");
    assertThat(watch(ann(), "").isAnswered()).isTrue();

    watches.get(0).cancel();
    watches.get(0).status();
    lavalier.awaitCallsHandled();
    assertThat(watch(lavalier.channel(), "").isAnswered()).isTrue();
    cancelCalls();
  }

  @Test
  void callerWithoutAccessHasOneHealthCheckAtATime() throws Exception {
    RawCall unfinished =
        RawCall.start(
            lavalier.channel(),
            HealthGrpc.getCheckMethod().toBuilder().setType(MethodType.BIDI_STREAMING).build());
    lavalier.awaitCallsHandled();
    Status refused = check(lavalier.channel(), "").status();
    assertThat(refused.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(check(ann(), "").status()).isEqualTo(Status.OK);

    unfinished.cancel();
    unfinished.status();
    lavalier.awaitCallsHandled();
    assertThat(check(lavalier.channel(), "").status()).isEqualTo(Status.OK);
  }

  @Test
  void watchWithoutAccessEndsAfterFiveMinutes() throws Exception {
    RawCall watch = watch(lavalier.channel(), "");
    assertThat(watch.isAnswered()).isTrue();
    RawCall other = watch(ann(), "");
    lavalier.timeSource().advance(Duration.ofMinutes(4));
    assertThat(watch.hasEnded()).isFalse();
    lavalier.timeSource().advance(Duration.ofMinutes(1).plusSeconds(2));
    assertEnds(
        watch,
        Status.Code.RESOURCE_EXHAUSTED,
        "a call without access ends after 5 minutes; call again");
    assertThat(other.hasEnded()).isFalse();
    cancelCalls();
  }

  @Test
  void watchOfUnknownNameEndsWithoutAccess() throws Exception {
    for (String name :
        List.of(
            "lavalier.v1.Other", "lavalier.v1.AudioCapture/tone", "lavalier.v1.AudioCapture/x")) {
      RawCall watch = watch(lavalier.channel(), name);
      assertThat(watch.isAnswered()).isTrue(); // SERVICE_UNKNOWN
      assertThat(watch.status().getCode()).isEqualTo(Status.Code.NOT_FOUND);
      lavalier.awaitCallsHandled();
    }
    RawCall known = watch(ann(), "lavalier.v1.AudioCapture/x");
    assertThat(known.isAnswered()).isTrue();
    assertThat(known.hasEnded()).isFalse();
    cancelCalls();
  }

  @Test
  void namesInHealthStatusesAreCutAndSanitized() throws Exception {
    String longName = "lavalier.v1.AudioCapture/" + "x".repeat(232);
    String message =
        "service: lavalier.v1.AudioCapture/%s… (expected: no more than 256 bytes)"
            .formatted("x".repeat(175));
    assertEnds(check(ann(), longName), Status.Code.INVALID_ARGUMENT, message);
    assertEnds(watch(ann(), longName), Status.Code.INVALID_ARGUMENT, message);
    assertEnds(watch(lavalier.channel(), longName), Status.Code.INVALID_ARGUMENT, message);
    for (String prefix : List.of("", "lavalier.v1.AudioCapture/")) {
      Status unknown = check(ann(), prefix + "a\u202e\u0085\nb").status();
      assertThat(unknown.getCode()).isEqualTo(Status.Code.NOT_FOUND);
      assertThat(unknown.getDescription()).startsWith("service: " + prefix + "a???b (expected: ");
    }
  }

  @Test
  void watchesOverOneConnectionAreLimited() throws Exception {
    List<RawCall> watches = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      RawCall watch = i % 2 == 0 ? watchDevices(ann()) : watch(ann(), "");
      assertThat(watch.isAnswered()).isTrue();
      watches.add(watch);
    }
    Status refused = watchDevices(ann()).status();
    assertThat(refused.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(refused.getDescription())
        .startsWith("calls that are not streams over one connection (");
    watches.get(0).cancel();
    watches.get(0).status();
    lavalier.awaitCallsHandled();
    assertThat(watchDevices(ann()).isAnswered()).isTrue();
    cancelCalls();
  }

  @Test
  void everyCallEndsWhenAccessEnds() throws Exception {
    RawCall reflection =
        RawCall.start(ann(), ServerReflectionGrpc.getServerReflectionInfoMethod())
            .send(ServerReflectionRequest.newBuilder().setListServices("").build().toByteArray());
    RawCall health = watch(ann(), "");
    RawCall devices = watchDevices(ann());
    RawCall unfinished =
        RawCall.start(
            ann(),
            AudioCaptureGrpc.getListDevicesMethod().toBuilder()
                .setType(MethodType.BIDI_STREAMING)
                .build());
    for (RawCall call : List.of(reflection, health, devices)) {
      assertThat(call.isAnswered()).isTrue();
    }
    lavalier.awaitCallsHandled();
    lavalier.writeTokens("");
    lavalier.timeSource().advance(Duration.ofSeconds(2));
    for (RawCall call : List.of(reflection, health, devices, unfinished)) {
      assertEnds(call, Status.Code.UNAUTHENTICATED, REVOKED);
    }
  }
}
