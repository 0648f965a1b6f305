package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.Notice;
import dev.lavalier.client.OnDeviceLoss;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.client.it.CountingStream.Heard;
import dev.lavalier.testing.SlowTest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests a fleet of processes while a nats-server, a node or the network fails. Each test has its
 * own fleet.
 */
@SlowTest
final class FleetFaultsIT {

  private static final String COUNT = "studio-1/count";
  private static final int SECOND = FleetProcesses.COUNTING_RATE;
  private static final double LEASE_SECONDS = 5;
  private static final long YEAR_SECONDS = 365 * 86_400;

  private static final StreamOptions WAIT =
      CountingStream.patient(COUNT).toBuilder().onDeviceLoss(OnDeviceLoss.WAIT).build();

  @TempDir Path dir;

  @BeforeEach
  void writeSounds() throws Exception {
    FleetProcesses.writeSounds(dir);
  }

  private static double secondsSince(long startedAt) {
    return (System.nanoTime() - startedAt) / 1e9;
  }

  @Test
  void lossOfOneOfThreeEnginesIsAShortGapForItsClientsOnly() throws Exception {
    try (NatsCluster nats = NatsCluster.start(dir, 3);
        LoopbackProxy proxy = LoopbackProxy.toFirstOf(List.of(nats.address(1), nats.address(2)));
        ServerProcess node =
            FleetProcesses.start(FleetProcesses.node(nats.url(0), "studio-1", dir));
        ServerProcess moving =
            FleetProcesses.start(FleetProcesses.edge("nats://" + proxy.address(), "edge-1"));
        ServerProcess staying = FleetProcesses.start(FleetProcesses.edge(nats.url(2), "edge-2"))) {
      FleetProcesses.awaitListed(moving, COUNT);
      FleetProcesses.awaitListed(staying, COUNT);
      try (CountingStream moved = new CountingStream(moving.address(), WAIT);
          CountingStream stayed = new CountingStream(staying.address(), WAIT)) {
        moved.awaitSamples(SECOND);
        stayed.awaitSamples(SECOND);
        nats.kill(1);
        Heard heard = moved.await(20, "gap", h -> h.lostSamples() > 0);
        assertThat(heard.lost()).containsOnlyKeys(Gap.Cause.UPSTREAM);
        assertThat(heard.lostSamples()).isLessThan((long) (LEASE_SECONDS * SECOND));
        assertThat(heard.estimated()).isZero();
        assertThat(heard.epochs()).hasSize(1);
        moved.awaitSamples(SECOND);
        assertThat(stayed.awaitSamples(SECOND).lost()).isEmpty();
        System.out.printf("one of three engines: gap %.2f s%n", seconds(heard));
      }
      assertThat(node.isAlive()).isTrue();
    }
  }

  private static double seconds(Heard heard) {
    return (double) heard.lostSamples() / SECOND;
  }

  @Test
  void nodeThatIsCutOffClosesItsDevice_andContinuesAfterAShortOutage() throws Exception {
    try (IsolatedHost host = IsolatedHost.create();
        NatsCluster nats = NatsCluster.create(dir, IsolatedHost.LOCAL_ADDRESS, 1)) {
      nats.start(0);
      try (ServerProcess node =
              ServerProcess.startOn(
                  host, FleetProcesses.node(nats.url(0), "studio-1", dir, "--insecure"));
          ServerProcess edge =
              FleetProcesses.start(FleetProcesses.edge(nats.url(0), "edge-1", "--insecure"))) {
        FleetProcesses.awaitListed(edge, COUNT);
        try (CountingStream stream = new CountingStream(edge.address(), WAIT)) {
          stream.awaitSamples(SECOND);
          host.disconnect();
          Thread.sleep(2_000); // the length of the outage
          host.connect();
          Heard back = stream.awaitSamples(SECOND);
          assertThat(back.epochs()).hasSize(1);
          assertThat(back.lost()).containsOnlyKeys(Gap.Cause.UPSTREAM);
          assertThat(back.estimated()).isZero();
          assertThat(node.log()).doesNotContain("not shared any more");

          long cutAt = System.nanoTime();
          host.disconnect();
          node.awaitLog(".*count: not shared any more.*");
          double closed = secondsSince(cutAt);
          stream.await(20, "loss", heard -> heard.has(Notice.Kind.DEVICE_LOST));
          double lost = secondsSince(cutAt);
          host.connect();
          Heard again = stream.await(30, "epoch", heard -> heard.epochs().size() == 2);
          assertThat(closed).isLessThan(LEASE_SECONDS + 4); // and a margin for a busy machine
          assertThat(lost).isLessThan(LEASE_SECONDS + 4);
          assertThat(again.lost()).containsKey(Gap.Cause.DEVICE_LOST);
          stream.awaitSamples(SECOND);
          System.out.printf("cut off: closed after %.1f s, lost after %.1f s%n", closed, lost);
        }
      }
    }
  }

  @Test
  void nodeWithAClockThatWasSetBackContinuesWithALargerEpoch() throws Exception {
    Path library = clockLibrary();
    Path clock = dir.resolve("clock");
    setClock(clock, 0);
    Map<String, String> environment =
        Map.of("LD_PRELOAD", library.toString(), "CLOCK_FILE", clock.toString());
    try (NatsCluster nats = NatsCluster.start(dir, 1);
        ServerProcess edge = FleetProcesses.start(FleetProcesses.edge(nats.url(0), "edge-1"))) {
      String[] arguments =
          FleetProcesses.node(
              nats.url(0), "studio-1", dir, "--fleet-state", dir.resolve("state").toString());
      ServerProcess node = ServerProcess.start(environment, arguments);
      try {
        FleetProcesses.awaitListed(edge, COUNT);
        try (CountingStream stream = new CountingStream(edge.address(), WAIT)) {
          stream.awaitSamples(SECOND);
          node.kill();
          setClock(clock, -YEAR_SECONDS);
          node = ServerProcess.start(environment, arguments);
          Heard heard = stream.await(30, "epoch", h -> h.epochs().size() == 2);
          assertThat(heard.epochs().get(1)).isGreaterThan(heard.epochs().get(0));
          stream.awaitSamples(SECOND);
        }
      } finally {
        node.close();
      }
    }
  }

  /** Compiles the library that changes the wall clock of one program. */
  private Path clockLibrary() throws Exception {
    assumeTrue(ProcessRunner.succeeds("gcc", "--version"), "there is no gcc (Debian: gcc)");
    Path library = dir.resolve("clock.so");
    ProcessRunner.Result result =
        ProcessRunner.run(
            List.of(
                "gcc",
                "-shared",
                "-fPIC",
                "-O2",
                "-o",
                library.toString(),
                ProcessRunner.TOP.resolve("bench/clock.c").toString()));
    assertThat(result.code()).as(result.err()).isZero();
    return library;
  }

  private static void setClock(Path file, long seconds) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
    Files.write(file, bytes.putLong(seconds).array());
  }

  @Test
  void serversStartWithoutEngine_andConnectWhenItIsThere() throws Exception {
    try (NatsCluster nats = NatsCluster.create(dir, "127.0.0.1", 1);
        ServerProcess node =
            FleetProcesses.start(FleetProcesses.node(nats.url(0), "studio-1", dir));
        ServerProcess edge = FleetProcesses.start(FleetProcesses.edge(nats.url(0), "edge-1"))) {
      try (CountingStream atNode =
              new CountingStream(node.address(), CountingStream.patient("count"));
          LavalierClient atEdge = edge.client()) {
        atNode.awaitSamples(SECOND);
        assertThat(atEdge.listDevices()).isEmpty();
        nats.start(0);
        FleetProcesses.awaitListed(edge, COUNT);
        try (CountingStream stream = new CountingStream(edge.address(), WAIT)) {
          stream.awaitSamples(SECOND);
        }
        assertThat(atNode.heard().lost()).isEmpty();
        assertThat(atNode.heard().longestPause()).isLessThan(Duration.ofSeconds(5));
      }
    }
  }
}
