package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.fleet.v1.OpenReply;
import dev.lavalier.fleet.v1.Renew;
import dev.lavalier.pipeline.StartFrom;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Tests what an edge that sends too many requests can make a node do. */
final class FleetLimitsTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final DirectFleet fleet = new DirectFleet();

  /** Starts a node that keeps some history, and an edge that lists its device. */
  private DirectFleet.Edge startEdge(Duration history) throws Exception {
    fleet.startNode(1, history);
    DirectFleet.Edge edge = fleet.startEdge("edge", Duration.ZERO);
    fleet.run(SECOND);
    return edge;
  }

  /** Starts to listen, and returns the epoch after a second. */
  private long listen(DirectFleet.Edge edge) throws Exception {
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    return listener.epochs.get(0);
  }

  @Test
  void edgeThatRenewsReleasedLeases_isLimited() throws Exception {
    DirectFleet.Edge edge = startEdge(Duration.ZERO);
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
    DirectFleet.Edge edge = startEdge(Duration.ZERO);
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

  @Test
  void edgeThatRequestsTooMuch_getsNoMore() throws Exception {
    DirectFleet.Edge edge = startEdge(Duration.ofSeconds(10));
    long epoch = listen(edge);
    int answers = 0;
    for (int i = 0; i < Publications.MAX_FETCHES + Publications.MAX_REFUSALS; i++) {
      answers += edge.fetch("edge", epoch) > 0 ? 1 : 0;
    }
    assertThat(answers).isEqualTo(Publications.MAX_FETCHES);
    fleet.run(SECOND);
    assertThat(edge.fetch("edge", epoch)).isPositive();
    assertThat(edge.fetch("edge", epoch + 1)).isZero();
    assertThat(edge.fetch("stranger", epoch)).isZero(); // it has no lease
  }

  @Test
  void edgeThatOpensTooOften_isRefused() throws Exception {
    DirectFleet.Edge edge = startEdge(Duration.ZERO);
    String control = Subjects.control("studio", "edge");
    for (int i = 0; i < 1_000; i++) {
      edge.link.request(control, Messages.open(0, "mic", i, 1), Duration.ZERO);
      edge.link.publish(control, Messages.release("mic", i));
    }
    assertThat(fleet.leases).hasSize(2 * Publications.MAX_OPENS);
    byte[] reply = edge.link.request(control, Messages.open(0, "mic", 1, 1), Duration.ZERO);
    assertThat(OpenReply.parseFrom(reply).getRefused().getMessage())
        .isEqualTo("mic: edge edge opens devices too often");
    fleet.run(SECOND);
    edge.subscribe(StartFrom.LIVE, 0);
    assertThat(fleet.leases).endsWith("edge has mic");
  }

  @Test
  void edgesThatTogetherRequestTooMuch_getNoMore() throws Exception {
    DirectFleet.Edge edge = startEdge(Duration.ofSeconds(10));
    long epoch = listen(edge);
    for (int i = 1; i < Publications.MAX_ALL_FETCHES; i++) {
      String name = "edge-" + i;
      edge.link.send(Subjects.control("studio", name), Messages.open(0, "mic", 1, 1), reply -> {});
      assertThat(edge.fetch(name, epoch)).isPositive();
    }
    assertThat(edge.fetch("edge", epoch)).isPositive();
    assertThatThrownBy(() -> edge.fetch("edge", epoch)).isInstanceOf(Link.NoReplyException.class);
    fleet.run(SECOND);
    assertThat(edge.fetch("edge", epoch)).isPositive();
  }
}
