package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.fleet.v1.Renew;
import dev.lavalier.pipeline.StartFrom;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Tests what an edge that sends too many requests can make a node do. */
final class FleetLimitsTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final DirectFleet fleet = new DirectFleet();

  @Test
  void edgeThatRenewsReleasedLeases_isLimited() throws Exception {
    fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    edge.subscribe(StartFrom.LIVE, 0);
    String control = Subjects.control("studio", "other");
    Renew.Builder renewal = Renew.newBuilder().addLocalIds("mic").addLeases(1).addListeners(1);
    for (int i = 0; i < 1_000; i++) {
      edge.link.publish(control, Messages.renew(0, renewal));
      edge.link.publish(control, Messages.release("mic", 1));
    }
    assertThat(fleet.leases).hasSize(1 + 2 * Publications.MAX_OPENS);
    fleet.run(SECOND);
    edge.link.publish(control, Messages.renew(0, renewal));
    assertThat(fleet.leases).endsWith("other has mic");
  }

  @Test
  void edgeThatIsRefusedTooOften_getsNoAnswer() throws Exception {
    fleet.startNode(1, Duration.ZERO);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    String control = Subjects.control("studio", "edge");
    AtomicInteger answers = new AtomicInteger();
    for (int i = 0; i < 2_000; i++) {
      edge.link.send(control, Messages.open(0, "none", i, 1), reply -> answers.incrementAndGet());
      edge.link.send(control, Messages.fetch(0, "mic", 1, 0), reply -> answers.incrementAndGet());
    }
    assertThat(answers).hasValue(Publications.MAX_REFUSALS);
    fleet.run(SECOND);
    edge.subscribe(StartFrom.LIVE, 0);
    assertThat(fleet.leases).endsWith("edge has mic");
  }
}
