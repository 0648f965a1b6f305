package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.common.StreamException;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.DeviceWatch;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.Subscriber;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.testing.LogLines;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tests what an edge says of the state of devices, and which notices its subscribers get. */
final class FleetStateTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final DirectFleet fleet = new DirectFleet();
  private final DirectFleet.Node node = fleet.startNode(1, Duration.ZERO);
  private final DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);

  @Test
  void deviceThatIsNotOpenHere_hasTheStateOnItsNode() throws Exception {
    fleet.run(SECOND);
    assertThat(edge.status()).isEqualTo("CLOSED 0");
    DirectFleet.Listener local = fleet.subscribe(node.hub, "mic", StartFrom.LIVE, 0);
    fleet.run(SECOND);
    assertThat(edge.status()).isEqualTo("OPEN 1");
    DirectFleet.Edge other = fleet.startEdge("other", Duration.ZERO);
    fleet.run(SECOND);
    other.subscribe(StartFrom.LIVE, 0);
    other.subscribe(StartFrom.LIVE, 0);
    fleet.run(Duration.ofSeconds(3));
    assertThat(edge.status()).isEqualTo("OPEN 3");
    assertThat(local.subscription.cancel("left")).isTrue();
    fleet.run(SECOND);
    assertThat(edge.status()).isEqualTo("OPEN 2");
    assertThat(other.status()).isEqualTo("OPEN 2");
  }

  @Test
  void expectedDeviceThatTheNodeDoesNotHave_isOneWarning() {
    try (LogLines log = LogLines.of(NodeAgent.class.getName())) {
      DirectFleet other = new DirectFleet();
      other.expected = Set.of("mic", "nosuch");
      other.startNode(1, Duration.ZERO);
      other.run(Duration.ofSeconds(3));
      assertThat(log.all())
          .containsExactly("WARN fleet-share: nosuch (expected: a device of this machine: mic)");
    }
  }

  @Test
  void deviceOfASilentNode_doesNotRespondUntilItIsForgotten() {
    fleet.run(SECOND);
    node.link.cut = true;
    fleet.run(Duration.ofSeconds(3));
    assertThat(edge.status()).isEqualTo("CLOSED 0");
    fleet.run(Duration.ofMillis(1_500));
    assertThat(edge.status()).isEqualTo("NOT_RESPONDING 0");
    node.link.cut = false;
    fleet.run(SECOND);
    assertThat(edge.status()).isEqualTo("CLOSED 0");
    node.link.cut = true;
    fleet.run(Duration.ofSeconds(29));
    assertThat(edge.status()).isEqualTo("NOT_RESPONDING 0");
    fleet.run(Duration.ofSeconds(3));
    assertThat(edge.status()).isEmpty();
  }

  @Test
  void stateThatChangesOften_isReportedOncePerSecond() throws Exception {
    fleet.run(SECOND);
    List<String> changes = new ArrayList<>();
    edge.hub.watch(
        new Subscriber("user", "address"),
        id -> true,
        fleet.loop(fleet.time),
        new DeviceWatch.Sink() {
          @Override
          public boolean isReady() {
            return true;
          }

          @Override
          public void onSnapshot(List<DeviceStatus> devices) {}

          @Override
          public void onChanged(DeviceStatus device) {
            changes.add(device.state() + " " + device.subscriberCount());
          }

          @Override
          public void onRemoved(String deviceId) {
            changes.add("removed");
          }

          @Override
          public void onEnd(StreamException reason) {}
        });
    for (int i = 0; i < 30; i++) {
      DirectFleet.Listener local = fleet.subscribe(node.hub, "mic", StartFrom.LIVE, 0);
      fleet.run(Duration.ofMillis(190));
      edge.link.publish(Subjects.WHO, new byte[0]); // the node then sends heartbeats more often
      local.subscription.cancel("left");
      fleet.run(Duration.ofMillis(180));
    }
    assertThat(changes).hasSizeBetween(3, 12); // 30 times in 11.1 s
  }

  @Test
  void mutedDevice_isReportedToSubscribersOfAllEdges() throws Exception {
    fleet.run(SECOND);
    DirectFleet.Listener early = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    fleet.microphone.setSilent(true);
    fleet.run(SECOND);
    DirectFleet.Edge other = fleet.startEdge("other", Duration.ZERO);
    fleet.run(SECOND);
    DirectFleet.Listener late = other.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    for (DirectFleet.Listener each : List.of(early, late)) {
      assertThat(each.notices)
          .singleElement()
          .satisfies(notice -> assertThat(notice.kind()).isEqualTo(Notice.Kind.MUTED));
    }
    fleet.microphone.setSilent(false);
    fleet.run(SECOND);
    assertThat(other.subscribe(StartFrom.LIVE, 0).notices).isEmpty();
    fleet.microphone.setSilent(true);
    fleet.run(SECOND);
    assertThat(early.notices).hasSize(2);
  }

  @Test
  void clockOfTheNode_isComparedWhenTheWayIsKnown() {
    fleet.run(SECOND);
    fleet.nodeTime.stepWallClock(Duration.ofMinutes(5));
    try (LogLines log = LogLines.of(NodeDirectory.class.getName())) {
      fleet.run(Duration.ofSeconds(2));
      assertThat(edge.devices.status().nodes().get(0).clockOffsetNanos())
          .isEqualTo(Duration.ofMinutes(5).toNanos());
      assertThat(log.all()).noneMatch(line -> line.contains("300.0 s"));
      fleet.run(Duration.ofSeconds(5));
      assertThat(log.all())
          .filteredOn(line -> line.contains("300.0 s"))
          .containsExactly(
              "WARN studio: its clock is 300.0 s ahead (expected: at most 0.5 s of difference);"
                  + " capture times are those of its clock");
    }
  }

  @Test
  void clockOfTheDevice_isReportedAsTheNodeMeasuredIt() throws Exception {
    fleet.run(SECOND);
    fleet.microphone.clockPpm = OptionalDouble.of(12.5);
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(Duration.ofSeconds(5));
    assertThat(listener.notices)
        .singleElement()
        .satisfies(
            notice -> {
              assertThat(notice.kind()).isEqualTo(Notice.Kind.CLOCK);
              assertThat(notice.clockPpm()).isEqualTo(12.5);
            });
  }
}
