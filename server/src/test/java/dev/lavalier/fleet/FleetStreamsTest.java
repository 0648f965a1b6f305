package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tests what subscribers of edges get from a node, and what the figures say about it. */
final class FleetStreamsTest {

  private static final int PERIOD = DirectFleet.PERIOD;
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final DirectFleet fleet = new DirectFleet();

  @Test
  void figures_countBlocksListenersAndLosses() throws Exception {
    DirectFleet.Node node = fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    edge.subscribe(StartFrom.LIVE, 0);
    edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(Duration.ofSeconds(3));
    fleet.network.lost = true;
    fleet.run(Duration.ofMillis(100));
    fleet.network.lost = false;
    fleet.run(Duration.ofMillis(100));

    assertThat(fleet.leases).containsExactly("edge has mic");
    NodeStatus shared = node.agent.status();
    assertThat(shared.connected()).isTrue();
    assertThat(shared.sharing()).isTrue();
    assertThat(shared.devices())
        .containsExactly(new NodeStatus.Shared("mic", Map.of("edge", 2), 1 + 320, 0));
    EdgeStatus.Node known = edge.devices.status().nodes().get(0);
    assertThat(known.id()).isEqualTo("studio");
    assertThat(known.version()).isEqualTo("1.2.3");
    assertThat(known.silentNanos()).isLessThanOrEqualTo(SECOND.toNanos());
    assertThat(known.clockOffsetNanos()).isZero();
    assertThat(known.devices()).isEqualTo(1);
    assertThat(known.openDevices()).isEqualTo(1);
    assertThat(known.blocksReceived()).isEqualTo(310);
    assertThat(known.samplesMissing()).isEqualTo(10 * PERIOD);
    assertThat(known.blocksIgnored())
        .hasSize(IgnoredBlock.values().length)
        .allSatisfy((reason, count) -> assertThat(count).isZero());
  }

  @Test
  void linkThatIsNotReady_countsAsDroppedOnTheNode() throws Exception {
    DirectFleet.Node node = fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    node.link.ready = false;
    fleet.run(SECOND);
    node.link.ready = true;
    fleet.run(SECOND);
    NodeStatus.Shared shared = node.agent.status().devices().get(0);
    assertThat(shared.blocksPublished() * PERIOD + shared.samplesDropped())
        .isEqualTo((1 + 300) * PERIOD);
    assertThat(shared.samplesDropped()).isBetween(70L * PERIOD, 100L * PERIOD);
    assertThat(edge.devices.status().nodes().get(0).samplesMissing())
        .isEqualTo(shared.samplesDropped());
  }

  @Test
  void lateBlocks_areDroppedOnTheNodeAndCounted() throws Exception {
    DirectFleet.Node node = fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    node.link.ready = false;
    fleet.run(Duration.ofMillis(100));
    node.link.ready = true;
    node.link.lateBefore = fleet.nodeTime.nanoTime() - Duration.ofMillis(25).toNanos();
    fleet.run(SECOND);

    NodeStatus.Shared shared = node.agent.status().devices().get(0);
    assertThat(shared.samplesDropped()).isBetween(7L * PERIOD, 8L * PERIOD);
    assertThat(shared.blocksPublished() * PERIOD + shared.samplesDropped())
        .isEqualTo((1 + 210) * PERIOD);
    assertThat(listener.gaps).containsExactly(new Gap.Part(shared.samplesDropped(), Loss.UPSTREAM));
  }

  @Test
  void timeOnTheWay_countsInTheBoundOfEachSubscription() throws Exception {
    fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    DirectFleet.Listener strict = edge.subscribe(StartFrom.LIVE, 100);
    DirectFleet.Listener patient = edge.subscribe(StartFrom.LIVE, 2_000);
    fleet.run(SECOND);
    fleet.network.holdsBlocks = true;
    fleet.run(SECOND);
    fleet.network.release();
    fleet.run(SECOND);
    assertThat(patient.gaps).isEmpty();
    assertThat(patient.indexes).hasSize(300);
    // Blocks of 0, 10, ... 100 ms are not too old.
    assertThat(strict.gaps).containsExactly(new Gap.Part(89L * PERIOD, Loss.UPSTREAM));
    assertThat(strict.indexes).hasSize(300 - 89);
  }

  @Test
  void blockThatWaitedLongerThanADeviceMayBeSilent_isIgnored() throws Exception {
    fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 60_000);
    fleet.run(SECOND);
    fleet.network.holdsBlocks = true;
    fleet.run(Duration.ofMillis(10));
    fleet.network.holdsBlocks = false;
    fleet.run(Duration.ofSeconds(6));
    fleet.network.release();
    assertThat(listener.gaps).containsExactly(new Gap.Part(PERIOD, Loss.UPSTREAM));
    assertThat(edge.devices.status().nodes().get(0).blocksIgnored())
        .containsEntry(IgnoredBlock.REPEATED, 1L);
  }

  @Test
  void nodeThatStops_endsTheEpochAtOnce() throws Exception {
    DirectFleet.Node node = fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    assertThat(node.hub.subscriptions())
        .singleElement()
        .satisfies(each -> assertThat(each.subscriber().identity()).isEqualTo("fleet/mic"));
    node.agent.close();
    assertThat(listener.notices)
        .singleElement()
        .satisfies(
            notice -> {
              assertThat(notice.kind()).isEqualTo(Notice.Kind.DEVICE_LOST);
              assertThat(notice.message()).isEqualTo("studio/mic was lost: closed: the node stops");
            });
    assertThat(fleet.microphone.isOpen()).isFalse();
    assertThat(fleet.leases).endsWith("edge had mic: the node stops");
    assertThat(node.agent.status().sharing()).isFalse();
  }

  @Test
  void outageThatIsShorterThanALease_endsNoLease() throws Exception {
    fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    for (int ms = 0; ms < 1_000; ms += 100) { // at any time after a renewal
      fleet.run(Duration.ofMillis(2_000 + ms));
      fleet.network.lost = true;
      fleet.run(Duration.ofMillis(2_900));
      fleet.network.lost = false;
      fleet.run(Duration.ofSeconds(4));
    }
    assertThat(fleet.leases).containsExactly("edge has mic");
    assertThat(listener.epochs).hasSize(1);
  }

  @Test
  void edgeThatStops_releasesItsLeases() throws Exception {
    fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    edge.devices.close();
    assertThat(fleet.leases).endsWith("edge had mic: released");
    assertThat(fleet.microphone.isOpen()).isFalse();
  }

  @Test
  void epochThatShrinks_isRefusedByTheHubOfTheEdge() throws Exception {
    DirectFleet.Node node = fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    node.agent.close();
    node.hub.close();
    fleet.nodeTime.stepWallClock(Duration.ofHours(-1));
    fleet.startNode(2, Duration.ZERO);
    fleet.run(Duration.ofSeconds(40));
    assertThat(listener.epochs).hasSize(1);
    fleet.nodeTime.stepWallClock(Duration.ofHours(2));
    fleet.run(Duration.ofSeconds(10));
    assertThat(listener.epochs).hasSize(2).isSorted();
    assertThat(listener.end).isNull();
  }

  /** The network of an edge that is killed. */
  private void kill(DirectFleet.Edge edge) {
    edge.link.cut = true;
  }

  private static void assertContinues(DirectFleet.Listener first, DirectFleet.Listener second) {
    assertThat(second.end).isNull();
    assertThat(second.epochs).isEqualTo(first.epochs);
    long next = first.indexes.get(first.indexes.size() - 1) + PERIOD;
    assertThat(second.indexes.get(0)).isEqualTo(next);
    assertThat(second.gaps).isEmpty();
    for (int i = 1; i < second.indexes.size(); i++) {
      assertThat(second.indexes.get(i)).isEqualTo(next + (long) i * PERIOD);
    }
  }

  @Test
  void clientOfAnEdgeThatIsKilled_missesNothingOnAnother() throws Exception {
    fleet.startNode(1, Duration.ofSeconds(10));
    DirectFleet.Edge first = fleet.startEdge("first", Duration.ZERO);
    DirectFleet.Edge second = fleet.startEdge("second", Duration.ofSeconds(10));
    fleet.run(SECOND);
    DirectFleet.Listener before = first.subscribe(StartFrom.LIVE, 0);
    fleet.run(Duration.ofSeconds(12));
    kill(first);
    fleet.run(Duration.ofSeconds(2));
    DirectFleet.Listener after = second.subscribe(before.resume(), 0);
    fleet.run(Duration.ofSeconds(3));
    assertContinues(before, after);
    assertThat(after.indexes.size()).isGreaterThan(490);
  }

  @Test
  void withoutHistoryOnTheNode_theGapIsExact() throws Exception {
    fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge first = fleet.startEdge("first", Duration.ZERO);
    DirectFleet.Edge second = fleet.startEdge("second", Duration.ofSeconds(10));
    fleet.run(SECOND);
    DirectFleet.Listener before = first.subscribe(StartFrom.LIVE, 0);
    fleet.run(Duration.ofSeconds(2));
    kill(first);
    fleet.run(Duration.ofSeconds(2));
    DirectFleet.Listener after = second.subscribe(before.resume(), 0);
    fleet.run(SECOND);
    long next = before.indexes.get(before.indexes.size() - 1) + PERIOD;
    assertThat(after.gaps)
        .containsExactly(
            new Gap.Part(after.indexes.get(0) - next, new Loss(LossCause.NOT_KEPT, false)));
  }

  @Test
  void lossesOfTheDeviceInTheHistory_areThoseOfTheDevice() throws Exception {
    fleet.startNode(1, Duration.ofSeconds(10));
    DirectFleet.Edge first = fleet.startEdge("first", Duration.ZERO);
    DirectFleet.Edge second = fleet.startEdge("second", Duration.ofSeconds(10));
    fleet.run(SECOND);
    DirectFleet.Listener before = first.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    kill(first);
    fleet.run(SECOND);
    fleet.microphone.loseSamples(7);
    fleet.run(SECOND);
    DirectFleet.Listener after = second.subscribe(before.resume(), 0);
    fleet.run(SECOND);
    assertThat(after.gaps).containsExactly(new Gap.Part(7L * PERIOD, Loss.OVERRUN));
  }

  @Test
  void prerollOfAnEdge_isThatOfTheNode() throws Exception {
    fleet.startNode(1, Duration.ofSeconds(10));
    DirectFleet.Edge first = fleet.startEdge("first", Duration.ZERO);
    DirectFleet.Edge second = fleet.startEdge("second", Duration.ofSeconds(10));
    fleet.run(SECOND);
    first.subscribe(StartFrom.LIVE, 0);
    fleet.run(Duration.ofSeconds(12));
    DirectFleet.Listener listener = second.subscribe(new StartFrom.Preroll(5_000), 0);
    fleet.run(Duration.ofSeconds(2));
    assertThat(listener.gaps).isEmpty();
    assertThat(listener.end).isNull();
    assertThat(listener.indexes.size()).isBetween(695, 705);
  }

  @Test
  void recordedDevice_isReplayedBeyondTheHistoryOfTheNode() throws Exception {
    fleet.recorded = true;
    fleet.startNode(1, Duration.ofSeconds(2));
    DirectFleet.Edge first = fleet.startEdge("first", Duration.ZERO);
    DirectFleet.Edge second = fleet.startEdge("second", Duration.ofSeconds(10));
    fleet.run(SECOND);
    first.subscribe(StartFrom.LIVE, 0);
    fleet.run(Duration.ofSeconds(12));
    DirectFleet.Listener listener = second.subscribe(new StartFrom.Preroll(8_000), 0);
    fleet.run(Duration.ofSeconds(3));
    assertThat(listener.gaps).isEmpty();
    assertThat(listener.indexes.size()).isBetween(1_095, 1_105);
    assertThat(fleet.network.published("lav.1.pcm.")).isZero(); // not sent twice
  }

  @Test
  void edgeWithoutMemoryForAHistory_opensTheDeviceWithoutOne() throws Exception {
    fleet.startNode(1, Duration.ofSeconds(10));
    ResourceLimits none =
        new ResourceLimits(
            Long.MAX_VALUE, // memory
            Long.MAX_VALUE,
            1_000, // bytes of histories
            Integer.MAX_VALUE,
            Integer.MAX_VALUE,
            Double.MAX_VALUE,
            Double.MAX_VALUE,
            Integer.MAX_VALUE);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ofSeconds(10), none);
    fleet.run(SECOND);
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    assertThat(listener.end).isNull();
    assertThat(listener.indexes).hasSize(100);
    assertThat(edge.hub.resourceUse().historyBytes()).isZero();
  }

  @Test
  void historyThatCannotBeRead_takesNoMemory() throws Exception {
    fleet.recorded = true;
    fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ofSeconds(10));
    fleet.run(SECOND);
    fleet.network.recordingFails = true;
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    assertThat(listener.end).hasMessageContaining("the recording is damaged");
    assertThat(edge.hub.resourceUse().historyBytes()).isZero();
  }

  @Test
  void nodeWhoseLinkIsBusy_sendsNoHistory() throws Exception {
    DirectFleet.Node node = fleet.startNode(1, Duration.ofSeconds(10));
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    long epoch = listener.epochs.get(0);
    assertThat(edge.fetch("edge", epoch)).isPositive();
    node.link.ready = false;
    assertThatThrownBy(() -> edge.fetch("edge", epoch)).isInstanceOf(Link.NoReplyException.class);
  }
}
