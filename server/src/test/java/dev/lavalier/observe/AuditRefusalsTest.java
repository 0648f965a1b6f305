package dev.lavalier.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.AccessCheck;
import dev.lavalier.hub.Subscriber;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.LogEvents;
import dev.lavalier.testing.RawCall;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the audit lines of callers that try a device and are refused. */
final class AuditRefusalsTest {

  private static final Duration STALL_TIMEOUT = Duration.ofSeconds(30);

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withTokens(
              "looker TOKEN(lav_looker) list=tone",
              "nobody TOKEN(lav_nobody)",
              "ann TOKEN(lav_ann) stream=tone")
          .withLimits(new SubscriberLimits(100, 100, 100, 1), STALL_TIMEOUT);

  @RegisterExtension final LogEvents lines = LogEvents.of(AuditLog.LOGGER);

  private final AuditLog audit = new AuditLog(lavalier.timeSource());

  AuditRefusalsTest() {
    lavalier.withObserver(audit::onSubscriptionRefused);
  }

  private Status stream(String token, String deviceId) throws Exception {
    return RawCall.start(lavalier.channelWith(token), AudioCaptureGrpc.getStreamFramesMethod())
        .send(request(deviceId).toByteArray())
        .halfClose()
        .status();
  }

  private Status pull(String token, String deviceId) throws Exception {
    return RawCall.start(lavalier.channelWith(token), AudioCaptureGrpc.getPullFramesMethod())
        .send(PullFramesRequest.newBuilder().setSubscribe(request(deviceId)).build().toByteArray())
        .status();
  }

  private static StreamFramesRequest request(String deviceId) {
    return StreamFramesRequest.newBuilder().setDeviceId(deviceId).build();
  }

  private String nextLine() throws Exception {
    return lines.next().getFormattedMessage();
  }

  @Test
  void callerWithoutStreamGrantIsNamed() throws Exception {
    assertThat(stream("lav_looker", "tone").getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(nextLine())
        .matches(
            "subscription refused who=looker from=\\S+ device=tone"
                + " why=\"device_id: tone \\(expected: a device that looker may stream\\)\"");
    assertThat(pull("lav_looker", "tone").getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(nextLine()).startsWith("subscription refused who=looker ");
  }

  @Test
  void deviceThatDoesNotExistForCallerIsNamed() throws Exception {
    assertThat(stream("lav_nobody", "tone").getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(nextLine())
        .matches(
            "subscription refused who=nobody from=\\S+ device=tone"
                + " why=\"device_id: tone \\(expected: no device is available\\)\"");
    assertThat(pull("lav_nobody", "").getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(nextLine()).startsWith("subscription refused who=nobody ").contains(" device=\"\" ");
    assertThat(stream("lav_ann", "x\r\ny\u2028").getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(nextLine()).contains(" device=\"x\\u000d\\u000ay\\u2028\" ").contains("x??y?");
  }

  @Test
  void limitIsNamed() throws Exception {
    TestSubscriber.subscribe(lavalier.channelWith("lav_ann"), request("tone"))
        .requestAll()
        .nextStarted();
    assertThat(stream("lav_ann", "tone").getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(nextLine())
        .startsWith("subscription refused who=ann ")
        .contains("why=\"subscribers by ann: the limit of 1 is reached");
  }

  @Test
  void mistakeInRequestIsNotLogged() throws Exception {
    StreamFramesRequest mistake = request("tone").toBuilder().setFrameSize(-1).build();
    assertThat(
            RawCall.start(lavalier.channelWith("lav_ann"), AudioCaptureGrpc.getStreamFramesMethod())
                .send(mistake.toByteArray())
                .halfClose()
                .status()
                .getCode())
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
    stream("lav_nobody", "tone");
    assertThat(nextLine()).startsWith("subscription refused who=nobody ");
  }

  @Test
  void callThroughTheWebPortIsMarked() throws Exception {
    Subscriber web = new Subscriber("ann", "10.0.0.1:1", "web", AccessCheck.ALWAYS_ALLOWED);
    audit.onSubscriptionRefused(web, "tone", "because");
    assertThat(nextLine())
        .isEqualTo("subscription refused who=ann from=10.0.0.1:1 via=web device=tone why=because");
  }

  @Test
  void callerCannotFillTheLog() throws Exception {
    Subscriber flood = new Subscriber("flood", "10.0.0.1:1");
    Subscriber other = new Subscriber("other", "10.0.0.2:1");
    for (int k = 0; k < 1_000; k++) {
      audit.onSubscriptionRefused(flood, "tone", "because");
    }
    audit.onSubscriptionRefused(other, "tone", "because");
    lavalier.timeSource().advance(Duration.ofMinutes(1));
    audit.onSubscriptionRefused(flood, "tone", "because");

    String refused = "subscription refused who=flood from=10.0.0.1:1 device=tone why=because";
    List<String> expected = new ArrayList<>();
    for (int k = 0; k < 10; k++) {
      expected.add(refused);
    }
    expected.add(refused.replace("flood", "other").replace("0.1:1", "0.2:1"));
    expected.add("subscriptions refused who=flood count=990 seconds=60");
    expected.add(refused);
    assertThat(lines.next(13)).containsExactlyElementsOf(expected);
  }
}
