package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.Device;
import dev.lavalier.client.DeviceState;
import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.Notice;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.client.it.CountingStream.Heard;
import dev.lavalier.testing.SlowTest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests a fleet of processes: a nats-server, a node with history and one without, and two edges.
 * FleetFaultsIT tests faults of the engine and of the network.
 */
@SlowTest
final class FleetIT {

  private static final String COUNT = "studio-1/count";
  private static final String COUNT_WITHOUT_HISTORY = "studio-2/count";
  private static final int SECOND = FleetProcesses.COUNTING_RATE;
  private static final int STREAMS = 10; // of each node
  private static final int COMPARED_FRAMES = 40;

  @TempDir static Path dir;

  private static NatsCluster nats;
  private static ServerProcess node;
  private static ServerProcess nodeWithoutHistory;
  private static ServerProcess firstEdge;
  private static ServerProcess secondEdge;

  @BeforeAll
  static void start() throws Exception {
    FleetProcesses.writeSounds(dir);
    nats = NatsCluster.start(dir, 1);
    String url = nats.url(0);
    node = FleetProcesses.start(FleetProcesses.node(url, "studio-1", dir, "--history-ms", "10000"));
    nodeWithoutHistory = FleetProcesses.start(FleetProcesses.node(url, "studio-2", dir));
    firstEdge = FleetProcesses.start(firstEdgeArguments());
    secondEdge = FleetProcesses.start(FleetProcesses.edge(url, "edge-2", "--history-ms", "10000"));
    awaitListed(firstEdge);
    awaitListed(secondEdge);
  }

  private static String[] firstEdgeArguments() {
    return FleetProcesses.edge(nats.url(0), "edge-1");
  }

  private static void awaitListed(ServerProcess edge) throws Exception {
    FleetProcesses.awaitListed(edge, COUNT);
    FleetProcesses.awaitListed(edge, COUNT_WITHOUT_HISTORY);
  }

  @AfterAll
  static void stop() throws Exception {
    for (ServerProcess server :
        new ServerProcess[] {firstEdge, secondEdge, node, nodeWithoutHistory}) {
      if (server != null) {
        server.close();
      }
    }
    if (nats != null) {
      nats.close();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "48000/2/s16le",
        "16000/1/s16le",
        "44100/2/s24le",
        "48000/1/f32le",
        "8000/2/s32le"
      })
  void framesOfAnEdge_areThoseOfTheNode(String format) throws Exception {
    StreamOptions options = CountingStream.patient("").toBuilder().format(format).build();
    Map<Long, Frame> direct = new HashMap<>();
    int compared = 0;
    try (LavalierClient ofNode = node.client();
        LavalierClient ofEdge = firstEdge.client();
        FrameStream atNode = ofNode.stream(options.toBuilder().deviceId("noise").build());
        FrameStream atEdge =
            ofEdge.stream(options.toBuilder().deviceId("studio-1/noise").build())) {
      while (compared < COMPARED_FRAMES) {
        Frame frame = atNode.read();
        direct.put(frame.sampleIndex(), frame);
        Frame same = atEdge.read();
        while (!direct.containsKey(same.sampleIndex())
            && same.sampleIndex() < frame.sampleIndex()) {
          same = atEdge.read();
        }
        while (!direct.containsKey(same.sampleIndex())) {
          frame = atNode.read();
          direct.put(frame.sampleIndex(), frame);
        }
        assertThat(atEdge.start().epoch()).isEqualTo(atNode.start().epoch());
        assertSame(direct.get(same.sampleIndex()), same);
        compared++;
      }
    }
  }

  private static void assertSame(Frame direct, Frame throughFleet) {
    assertThat(bytes(throughFleet)).isEqualTo(bytes(direct));
    assertThat(throughFleet.captureTimeUnixNanos()).isEqualTo(direct.captureTimeUnixNanos());
  }

  private static byte[] bytes(Frame frame) {
    ByteBuffer pcm = frame.pcm().duplicate();
    byte[] bytes = new byte[pcm.remaining()];
    pcm.get(bytes);
    return bytes;
  }

  @Test
  void killedEdgeCostsNoSampleWithHistory_andAnExactGapWithout() throws Exception {
    List<CountingStream> kept = new ArrayList<>();
    List<CountingStream> notKept = new ArrayList<>();
    try (LoopbackProxy balancer =
        LoopbackProxy.toFirstOf(List.of(firstEdge.address(), secondEdge.address()))) {
      for (int i = 0; i < STREAMS; i++) {
        kept.add(new CountingStream(balancer.address(), CountingStream.patient(COUNT)));
        notKept.add(
            new CountingStream(balancer.address(), CountingStream.patient(COUNT_WITHOUT_HISTORY)));
      }
      CountingStream.awaitSamples(both(kept, notKept), SECOND);
      firstEdge.kill();
      for (CountingStream stream : both(kept, notKept)) {
        stream.await(20, "reconnection", heard -> heard.has(Notice.Kind.RECONNECTED));
      }
      CountingStream.awaitSamples(both(kept, notKept), 2 * SECOND);
      assertThat(kept)
          .extracting(CountingStream::heard)
          .allSatisfy(heard -> assertThat(heard.lost()).isEmpty())
          .allSatisfy(heard -> assertThat(heard.epochs()).hasSize(1));
      assertThat(notKept)
          .extracting(CountingStream::heard)
          .allSatisfy(heard -> assertThat(heard.lost()).containsOnlyKeys(Gap.Cause.NOT_KEPT))
          .allSatisfy(heard -> assertThat(heard.estimated()).isZero())
          .allSatisfy(heard -> assertThat(heard.epochs()).hasSize(1));
    } finally {
      both(kept, notKept).forEach(CountingStream::close);
      firstEdge = firstEdge.restart(Map.of(), firstEdgeArguments());
      awaitListed(firstEdge);
    }
  }

  private static List<CountingStream> both(List<CountingStream> some, List<CountingStream> others) {
    List<CountingStream> all = new ArrayList<>(some);
    all.addAll(others);
    return all;
  }

  @Test
  void deviceClosesWithoutListenersAndAfterTheEdgeWasKilled() throws Exception {
    try (LavalierClient atNode = nodeWithoutHistory.client()) {
      try (CountingStream stream = open(secondEdge, COUNT_WITHOUT_HISTORY)) {
        stream.awaitSamples(SECOND / 2);
        assertThat(ServerProcess.device(atNode, "count").state()).isEqualTo(DeviceState.OPEN);
      }
      double left = FleetProcesses.awaitState(atNode, "count", DeviceState.CLOSED);
      assertThat(left).isLessThan(4); // 1 s, and a margin for a busy machine
      try (CountingStream stream = open(firstEdge, COUNT_WITHOUT_HISTORY)) {
        stream.awaitSamples(SECOND / 2);
        firstEdge.kill();
        double killed = FleetProcesses.awaitState(atNode, "count", DeviceState.CLOSED);
        assertThat(killed).isBetween(2.0, 9.0); // the lease of 5 s, and a margin
      }
    } finally {
      firstEdge = firstEdge.restart(Map.of(), firstEdgeArguments());
      awaitListed(firstEdge);
    }
  }

  private static CountingStream open(ServerProcess edge, String deviceId) throws Exception {
    return new CountingStream(edge.address(), CountingStream.patient(deviceId));
  }

  @Test
  void revokedGrantEndsTheStreamOfAnEdge() throws Exception {
    Path tokens = dir.resolve("tokens");
    token(tokens, "add", "other", "--stream", "studio-2/*");
    String alice = token(tokens, "add", "alice", "--stream", "studio-1/*");
    try (ServerProcess edge =
        FleetProcesses.start(
            FleetProcesses.edge(nats.url(0), "edge-3", "--token-file", tokens.toString()))) {
      ConnectOptions asAlice = ConnectOptions.builder(edge.address()).token(alice).build();
      try (LavalierClient client = LavalierClient.connect(asAlice)) {
        FleetProcesses.awaitState(client, COUNT, DeviceState.CLOSED);
        assertThat(client.listDevices())
            .extracting(Device::deviceId)
            .containsExactlyInAnyOrder(COUNT, "studio-1/noise", "studio-1/tone");
        assertThatExceptionOfType(LavalierException.class)
            .isThrownBy(() -> client.stream(CountingStream.patient(COUNT_WITHOUT_HISTORY)))
            .satisfies(
                e -> assertThat(e.kind()).isEqualTo(LavalierException.Kind.DEVICE_NOT_FOUND));
      }
      try (CountingStream stream = new CountingStream(asAlice, CountingStream.patient(COUNT))) {
        stream.awaitSamples(SECOND / 2);
        token(tokens, "revoke", "alice");
        Heard ended = stream.await(10, "end", heard -> !heard.end().isEmpty());
        assertThat(ended.end()).startsWith("NOT_AUTHENTICATED: ");
      }
    }
  }

  private static String token(Path tokens, String... arguments) throws Exception {
    List<String> command = ServerProcess.command("token");
    command.addAll(List.of(arguments));
    command.addAll(List.of("--token-file", tokens.toString()));
    ProcessRunner.Result result = ProcessRunner.run(command);
    assertThat(result.code()).as(result.err()).isZero();
    return result.out().strip();
  }

  @Test
  void wrongBlocksAreIgnored() throws Exception {
    String subject =
        "lav.1.pcm.studio-1."
            + Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString("count".getBytes(StandardCharsets.UTF_8));
    byte[] garbage = new byte[900_000];
    new Random(1).nextBytes(garbage);
    long before = firstEdge.residentBytes();
    try (RawNats attacker = new RawNats(nats.address(0));
        CountingStream attacked = open(firstEdge, COUNT);
        CountingStream other = open(firstEdge, COUNT_WITHOUT_HISTORY)) {
      CountingStream.awaitSamples(List.of(attacked, other), SECOND / 2);
      List<byte[]> blocks = new ArrayList<>(attacker.receive(subject, 50));
      for (int round = 0; round < 20; round++) {
        attacker.publish(subject, garbage);
        attacker.publish(subject, new byte[round]);
        Collections.shuffle(blocks, new Random(round)); // repeated, and in another order
        for (byte[] block : blocks) {
          attacker.publish(subject, block);
          attacker.publish(subject, Arrays.copyOf(block, block.length - 1 - round));
        }
        attacker.flush();
      }
      CountingStream.awaitSamples(List.of(attacked, other), SECOND);
      assertThat(other.heard().lost()).isEmpty();
      assertThat(attacked.heard().epochs()).hasSize(1);
    }
    assertThat(firstEdge.residentBytes()).isLessThan(before + (100 << 20));
  }

  @Test
  void restartOfTheEngineIsAnExactGap() throws Exception {
    StreamOptions options = StreamOptions.builder().deviceId(COUNT).build();
    try (Witness witness = new Witness(node, "count");
        CountingStream first = new CountingStream(firstEdge.address(), options);
        CountingStream second = new CountingStream(secondEdge.address(), options)) {
      CountingStream.awaitSamples(List.of(first, second), SECOND);
      nats.kill(0);
      witness.await(2);
      nats.start(0);
      CountingStream.awaitSamples(List.of(first, second), 2 * SECOND);
      for (CountingStream stream : List.of(first, second)) {
        Heard heard = stream.heard();
        assertThat(heard.epochs()).hasSize(1);
        assertThat(heard.lost()).containsKey(Gap.Cause.UPSTREAM);
        assertThat(heard.lost().get(Gap.Cause.UPSTREAM)).isGreaterThan(SECOND);
        assertThat(heard.estimated()).isZero();
        assertThat(heard.oldest()).isLessThan(Duration.ofMillis(200 + 1_000)); // and a margin
      }
    }
  }
}
