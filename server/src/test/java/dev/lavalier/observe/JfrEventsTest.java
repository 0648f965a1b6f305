package dev.lavalier.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.StreamFramesRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests the events that a flight recording contains after typical device events. */
final class JfrEventsTest {

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withScripted("mic")
          .withCaptureFormat("48000/1/s16le")
          .withObserver(new JfrEvents());

  @TempDir Path folder;

  @Test
  void recordingContainsEveryDeviceEvent() throws Exception {
    Path file = folder.resolve("flight.jfr");
    try (Recording recording = new Recording()) {
      recording.start();
      runEveryDeviceEvent();
      recording.stop();
      recording.dump(file);
    }
    Map<String, RecordedEvent> events =
        RecordingFile.readAllEvents(file).stream()
            .filter(event -> event.getEventType().getName().startsWith("dev.lavalier."))
            .sorted(Comparator.comparing(RecordedEvent::getStartTime))
            .collect(
                Collectors.toMap(
                    event -> event.getEventType().getName().replace("dev.lavalier.", ""),
                    Function.identity(),
                    (first, second) -> first));

    assertThat(events.keySet())
        .containsExactlyInAnyOrder(
            "DeviceOpened",
            "DeviceOverrun",
            "Gap",
            "DeviceLost",
            "DeviceRecovered",
            "DeviceClosed",
            "SubscriptionEnded");
    assertThat(events.values())
        .allSatisfy(
            event -> {
              assertThat(event.getString("device")).isEqualTo("mic");
              assertThat(event.getEventType().getCategoryNames()).containsExactly("Lavalier");
              assertThat(event.getStackTrace()).isNull();
            });
    assertThat(events.get("DeviceOpened").getString("format")).isEqualTo("48000/1/s16le");
    assertThat(events.get("DeviceOverrun").getLong("samples")).isPositive();
    assertThat(events.get("Gap").getString("cause")).isEqualTo("device_overrun");
    assertThat(events.get("Gap").getDuration("length")).isPositive();
    assertThat(events.get("Gap").getLong("subscription")).isEqualTo(1);
    assertThat(events.get("DeviceLost").getString("reason")).isNotEmpty();
    assertThat(events.get("DeviceRecovered").getDuration("outage")).isPositive();
    assertThat(events.get("DeviceClosed").getString("reason")).startsWith("lost: ");
    assertThat(events.get("SubscriptionEnded").getLong("samplesLost")).isPositive();
    assertThat(events.get("SubscriptionEnded").getString("reason"))
        .isEqualTo("cancelled by the subscriber");
  }

  private void runEveryDeviceEvent() throws Exception {
    TestSubscriber subscriber =
        lavalier
            .subscribe(
                StreamFramesRequest.newBuilder()
                    .setDeviceId("mic")
                    .setFrameSize(480)
                    .setMaxLatencyMs(60_000)
                    .setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT)
                    .build())
            .requestAll();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);
    lavalier.script("mic").dropsUntil =
        lavalier.timeSource().nanoTime() + Duration.ofMillis(500).toNanos();
    lavalier.advance(Duration.ofMillis(800), 1);
    while (!subscriber.nextFrame().hasGap()) {
      // the first frame after the stall reports the gap
    }
    lavalier.script("mic").throwsOnRead = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_LOST);
    lavalier.script("mic").throwsOnRead = false;
    int before = subscriber.received();
    lavalier.advanceUntil( // the device recovers automatically
        Duration.ofMillis(10), () -> subscriber.received() >= before + 20);
    subscriber.cancel();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
  }

  @Test
  void docsListEveryEvent() throws Exception {
    String docs = java.nio.file.Files.readString(Path.of("../docs/operator/monitoring.md"));
    assertThat(List.of(JfrEvents.class.getDeclaredClasses()))
        .map(type -> type.getAnnotation(jdk.jfr.Name.class))
        .filteredOn(name -> name != null)
        .hasSize(7)
        .allSatisfy(name -> assertThat(docs).contains("`" + name.value() + "`"));
  }
}
