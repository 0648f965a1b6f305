package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.UnknownFieldSet;
import dev.lavalier.capture.Loss;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.fleet.v1.ControlRequest;
import dev.lavalier.fleet.v1.FleetProto;
import dev.lavalier.fleet.v1.Heartbeat;
import dev.lavalier.fleet.v1.Refused;
import dev.lavalier.hub.Notice;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Tests a node and an edge of different releases. There is no earlier release yet: the messages of
 * one of them are changed into those that another release may send.
 */
final class ReleasesTest {

  private static final int PERIOD = DirectFleet.PERIOD;
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration HISTORY = Duration.ofSeconds(10);

  private final DirectFleet fleet = new DirectFleet();
  private final DirectFleet.Node node = fleet.startNode(1, HISTORY);
  private final DirectFleet.Edge edge = fleet.startEdge("edge", HISTORY);

  @Test
  void documentedFields_areThoseOfTheProtocol() throws Exception {
    Map<String, Set<String>> documented = OtherReleases.sentByAll();
    assertThat(documented.keySet()).hasSameElementsAs(OtherReleases.messages());
    documented.forEach(
        (message, fields) ->
            assertThat(fields)
                .isNotEmpty()
                .allSatisfy(
                    field ->
                        assertThat(
                                FleetProto.getDescriptor()
                                    .findMessageTypeByName(message)
                                    .findFieldByName(field))
                            .isNotNull()));
  }

  @Test
  void laterNode_hasTheSameAudioLeasesHistoryAndStates() throws Exception {
    node.link.release = OtherReleases.later();
    fleet.microphone.clockPpm = OptionalDouble.of(12.5);
    List<DirectFleet.Listener> listeners = assertWorks("OPEN 1");
    fleet.microphone.setSilent(true);
    fleet.run(SECOND);
    assertThat(listeners)
        .allSatisfy(
            each ->
                assertThat(each.notices)
                    .extracting(Notice::kind)
                    .containsExactly(Notice.Kind.CLOCK, Notice.Kind.MUTED));
  }

  @Test
  void laterEdge_hasTheSameAudioLeasesHistoryAndStates() throws Exception {
    edge.link.release = OtherReleases.later();
    assertWorks("OPEN 1");
  }

  @Test
  void earlierNode_hasTheSameAudioLeasesAndHistory() throws Exception {
    node.link.release = OtherReleases.earlier();
    fleet.microphone.clockPpm = OptionalDouble.of(12.5); // it does not report that
    assertThat(assertWorks("CLOSED 0")).allSatisfy(each -> assertThat(each.notices).isEmpty());
    assertThat(edge.devices.status().nodes().get(0).version()).isEmpty();
  }

  @Test
  void earlierEdge_hasTheSameAudioLeasesHistoryAndStates() throws Exception {
    edge.link.release = OtherReleases.earlier();
    assertWorks("OPEN 1");
  }

  /**
   * Checks the list, the audio, the losses, the leases and the history.
   *
   * @param state what the edge says of the device, while it is open on the node only
   * @return subscribers of the edge, which continue
   */
  private List<DirectFleet.Listener> assertWorks(String state) throws Exception {
    fleet.run(SECOND);
    DirectFleet.Listener local = fleet.subscribe(node.hub, "mic", StartFrom.LIVE, 0);
    fleet.run(SECOND);
    assertThat(edge.hub.devices())
        .extracting(each -> each.device().id())
        .containsOnly("studio/mic");
    assertThat(edge.status()).isEqualTo(state);

    DirectFleet.Listener first = edge.subscribe(new StartFrom.Preroll(1_000), 0);
    fleet.run(Duration.ofSeconds(6)); // longer than a lease
    fleet.network.lost = true;
    fleet.run(Duration.ofMillis(100));
    fleet.network.lost = false;
    fleet.run(SECOND);
    fleet.microphone.loseSamples(7);
    fleet.run(SECOND);
    DirectFleet.Listener resumed =
        edge.subscribe(new StartFrom.Resume(first.epochs.get(0), first.indexes.get(50)), 0);
    fleet.run(Duration.ofSeconds(5)); // the history takes some time

    assertThat(fleet.leases).containsExactly("edge has mic");
    assertThat(node.agent.status().devices().get(0).listeners()).isEqualTo(Map.of("edge", 2));
    assertThat(first.gaps)
        .containsExactly(
            new Gap.Part(10 * PERIOD, Loss.UPSTREAM), new Gap.Part(7 * PERIOD, Loss.OVERRUN));
    assertThat(first.indexes.get(0)).isEqualTo(local.indexes.get(1)); // the pre-roll
    assertSame(local, first);
    assertThat(resumed.indexes.get(0)).isEqualTo(first.indexes.get(50));
    assertSame(local, resumed);
    assertThat(edge.devices.status().nodes().get(0).blocksIgnored().values()).containsOnly(0L);
    return List.of(first, resumed);
  }

  /**
   * Checks that the edge has the frames of the node, from one of them on, but the ten lost ones.
   */
  private static void assertSame(DirectFleet.Listener onNode, DirectFleet.Listener onEdge) {
    assertThat(onEdge.epochs).isEqualTo(onNode.epochs);
    List<DirectFleet.Received> expected =
        new ArrayList<>(
            onNode.frames.subList(
                onNode.indexes.indexOf(onEdge.indexes.get(0)), onNode.frames.size()));
    assertThat(onEdge.frames).hasSize(expected.size() - 10);
    expected.removeIf(each -> !onEdge.indexes.contains(each.index()));
    assertThat(onEdge.frames).isEqualTo(expected);
  }

  @Test
  void deviceIsReleased_byAndForAnotherRelease() throws Exception {
    for (DirectLinks.Release other : List.of(OtherReleases.later(), OtherReleases.earlier())) {
      fleet.run(SECOND);
      node.link.release = other;
      edge.link.release = other;
      DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
      fleet.run(SECOND);
      assertThat(listener.indexes).hasSize(100);
      assertThat(listener.subscription.cancel("left")).isTrue();
      fleet.run(SECOND);
      assertThat(fleet.microphone.isOpen()).isFalse();
      assertThat(fleet.leases).endsWith("edge had mic: released");
    }
  }

  @Test
  void epochOfANodeOfAnotherRelease_ends() throws Exception {
    node.link.release = OtherReleases.earlier();
    fleet.run(SECOND);
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    node.agent.close();
    assertThat(listener.notices)
        .extracting(Notice::message)
        .containsExactly("studio/mic was lost: closed: the node stops");
  }

  @Test
  void stateOfALaterNode_countsAsClosed() throws Exception {
    node.link.release =
        OtherReleases.changing(
            message ->
                message instanceof Heartbeat heartbeat
                    ? heartbeat.toBuilder()
                        .clearStates()
                        .addStatesValue(OtherReleases.UNKNOWN_STATE)
                        .build()
                    : message);
    fleet.run(SECOND);
    fleet.subscribe(node.hub, "mic", StartFrom.LIVE, 0);
    fleet.run(SECOND);
    assertThat(edge.status()).isEqualTo("CLOSED 0");
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    assertThat(edge.status()).isEqualTo("OPEN 1");
    assertThat(listener.indexes).hasSize(100);
  }

  @Test
  void requestOfALaterEdge_isNotAnsweredAndHasNoEffect() throws Exception {
    fleet.run(SECOND);
    DirectFleet.Listener listener = edge.subscribe(StartFrom.LIVE, 0);
    fleet.run(SECOND);
    UnknownFieldSet.Field other = UnknownFieldSet.Field.newBuilder().addVarint(1).build();
    byte[] request =
        ControlRequest.newBuilder()
            .setUnknownFields(UnknownFieldSet.newBuilder().addField(6, other).build())
            .build()
            .toByteArray();
    assertThatThrownBy(() -> edge.link.request(Subjects.control("studio", "edge"), request, SECOND))
        .isInstanceOf(Link.NoReplyException.class);
    fleet.run(SECOND);
    assertThat(listener.gaps).isEmpty();
    assertThat(fleet.leases).containsExactly("edge has mic");
  }

  @Test
  void refusalForAReasonOfALaterNode_isThatOfABusyDevice() {
    StreamException refusal =
        Messages.refusal(
            Refused.newBuilder().setReason("DEVICE_ASLEEP").setMessage("it sleeps").build());
    assertThat(refusal.reason()).isEqualTo(Reason.DEVICE_BUSY);
    assertThat(refusal).hasMessage("it sleeps");
  }
}
