package dev.lavalier.observe;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.LogEvents;
import dev.lavalier.testing.RawCall;
import dev.lavalier.testing.TestLevels;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamLevelsRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the audit lines: caller, device, time, and reason of each end. */
final class AuditLogTest {

  private static final StreamFramesRequest MIC =
      StreamFramesRequest.newBuilder()
          .setDeviceId("mic")
          .setFrameSize(480)
          .setMaxLatencyMs(60_000) // time advances faster than the delivery loops
          .build();

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime().withScripted("mic").withCaptureFormat("48000/1/s16le");

  @RegisterExtension final LogEvents lines = LogEvents.of(AuditLog.LOGGER);

  AuditLogTest() {
    lavalier.withObserver(new AuditLog(lavalier.timeSource()));
  }

  private TestSubscriber subscribeAndReceive(int frames) throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(MIC).requestAll();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(10L * frames), 1);
    subscriber.nextFrames(frames);
    while (lavalier.hub().subscriptions().get(0).frames() < frames) {
      Thread.onSpinWait(); // a frame is counted after it is sent
    }
    return subscriber;
  }

  @Test
  void streamIsLoggedFromStartToEnd() throws Exception {
    TestSubscriber subscriber = subscribeAndReceive(30);
    assertThat(lines.next(2))
        .satisfiesExactly(
            began ->
                assertThat(began)
                    .matches(
                        "subscription began id=1 who=anonymous from=\\S+ device=mic"
                            + " format=48000/1/s16le frame_size=480"),
            on ->
                assertThat(on)
                    .matches("microphone on device=mic format=48000/1/s16le epoch=17\\d{14}"));

    subscriber.cancel();
    List<String> end = lines.next(2);
    assertThat(end.get(0))
        .matches(
            "subscription ended id=1 who=anonymous from=\\S+ device=mic seconds=0\\.3"
                + " samples=14400 lost=0 bytes=\\d+ why=\"cancelled by the subscriber\"");
    assertThat(end.get(1))
        .matches(
            "microphone off device=mic epoch=17\\d{14} seconds=0\\.3 samples=14400"
                + " why=\"no subscriptions left\"");
  }

  @Test
  void streamOfLevelsIsLogged() throws Exception {
    TestLevels levels =
        new TestLevels(
                lavalier.channel(), StreamLevelsRequest.newBuilder().setDeviceId("mic").build())
            .requestAll();
    levels.nextStarted();
    assertThat(lines.next(2).get(0))
        .matches(
            "subscription began id=1 who=anonymous from=\\S+ device=mic format=48000/1/s16le"
                + " frame_size=4800 content=levels");
    lavalier.advance(Duration.ofMillis(100), 1);
    levels.nextLevels();
    while (lavalier.hub().subscriptions().get(0).frames() < 1) {
      Thread.onSpinWait(); // an interval is counted after it is sent
    }
    levels.cancel();
    assertThat(lines.next(2).get(0)).contains("subscription ended id=1 ", " samples=4800 lost=0 ");
  }

  @Test
  void eventHasFieldsWithSameNames() throws Exception {
    TestSubscriber subscriber = subscribeAndReceive(10);
    lines.next(2);
    subscriber.cancel();
    ILoggingEvent ended = lines.next();
    assertThat(ended.getLevel()).isEqualTo(Level.INFO);
    assertThat(ended.getKeyValuePairs())
        .extracting(pair -> pair.key)
        .containsExactly(
            "event", "id", "who", "from", "device", "seconds", "samples", "lost", "bytes", "why");
    assertThat(ended.getKeyValuePairs())
        .filteredOn(pair -> List.of("event", "id", "samples", "seconds").contains(pair.key))
        .extracting(pair -> pair.value)
        .containsExactly("subscription ended", 1L, 0.1, 4800L);
  }

  @Test
  void lostDeviceIsLogged() throws Exception {
    TestSubscriber subscriber = subscribeAndReceive(10);
    lines.next(2);
    lavalier.script("mic").throwsOnRead = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertThat(subscriber.awaitStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(lines.next(2))
        .anySatisfy(
            line ->
                assertThat(line)
                    .startsWith("subscription ended id=1")
                    .contains(" why=\"mic was lost: "))
        .anySatisfy(
            line -> assertThat(line).startsWith("microphone off ").contains(" why=\"lost: "));
  }

  @Test
  void malformedMessageIsTheReasonOfTheEnd() throws Exception {
    RawCall call = RawCall.start(lavalier.channel(), AudioCaptureGrpc.getPullFramesMethod());
    call.send(PullFramesRequest.newBuilder().setSubscribe(MIC).build().toByteArray());
    lines.next(2);
    call.send(new byte[] {-1});
    assertThat(call.status().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(lines.next().getFormattedMessage())
        .startsWith("subscription ended id=1 ")
        .endsWith(
            "why=\"request: malformed (expected: a message of"
                + " lavalier.v1.AudioCapture/PullFrames)\"");
  }

  @Test
  void hangingCloseIsLogged() throws Exception {
    TestSubscriber subscriber = subscribeAndReceive(10);
    lines.next(2);
    lavalier.script("mic").hangsInClose = true;
    subscriber.cancel();
    assertThat(lines.next().getFormattedMessage()).startsWith("subscription ended ");
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSING);
    lavalier.timeSource().advance(Duration.ofSeconds(4));
    assertThat(lines.next().getFormattedMessage())
        .startsWith("microphone given up device=mic epoch=");
  }

  @Test
  void stopOfServerEndsSubscriptions() throws Exception {
    subscribeAndReceive(10);
    lines.next(2);
    lavalier.hub().close();
    assertThat(lines.next(2))
        .anyMatch(
            line ->
                line.startsWith("subscription ended ")
                    && line.endsWith("why=\"the server is stopping; try again later\""))
        .anyMatch(
            line ->
                line.startsWith("microphone off ")
                    && line.endsWith("why=\"the server is stopping\""));
  }
}
