package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;

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
    assertThat(shared.linkReady()).isTrue();
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
    assertThat(shared.blocksPublished() * PERIOD + shared.samplesDropped()).isEqualTo((1 + 300) * PERIOD);
    assertThat(shared.samplesDropped()).isBetween(70L * PERIOD, 100L * PERIOD);
    assertThat(edge.devices.status().nodes().get(0).samplesMissing())
        .isEqualTo(shared.samplesDropped());
  }
}
