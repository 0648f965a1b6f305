package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.StreamOptions;
import dev.lavalier.testing.HttpSocket;
import dev.lavalier.testing.SlowTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/**
 * Tests hostile peers of a server with one normal subscriber. Whatever the peers do, the subscriber
 * misses no sample, the server's memory is bounded, their connections close in time, and the log
 * has a few lines about it. Prints the values that docs/internals/hardening.md quotes.
 */
@SlowTest
@WaitingTest
final class HostilePeersIT {

  private static final int SILENT_PEERS = 10_000;
  private static final int MAX_CONNECTIONS = SILENT_PEERS + 100;
  private static final int HANDSHAKE_SECONDS = 10;

  /** Enough for a heap of 256 MiB, the JVM itself, and a direct buffer per active peer. */
  private static final long MAX_RESIDENT_BYTES = 640L << 20;

  private static final int MAX_LOG_LINES_IN_TEN_SECONDS = 21;

  private static final String AUDIT = " audit ";
  private static final int MAX_RESETS = 1_000; // the default

  /** Large, because all peers share this machine with the server, and it may be small. */
  private static final Duration LENIENT_LATENCY = Duration.ofSeconds(20);

  private ServerProcess server;
  private StreamRecorder recorder;
  private int descriptorsBefore;
  private double cpuSecondsBefore;
  private int logLinesBefore;
  private long startedAt;

  @BeforeEach
  void start() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "there is no /proc");
    server =
        ServerProcess.start(
            Map.of("JDK_JAVA_OPTIONS", "-Xmx256m"),
            "--demo",
            "--capture-format",
            "16000/1/s16le",
            "--web-port",
            "0",
            "--max-connections",
            Integer.toString(MAX_CONNECTIONS),
            "--handshake-timeout-s",
            Integer.toString(HANDSHAKE_SECONDS));
    recorder =
        new StreamRecorder(server, StreamOptions.builder().maxLatency(LENIENT_LATENCY).build());
    recorder.awaitFrames(50);
    cpuSecondsBefore = server.cpuSeconds();
    descriptorsBefore = ProcessRunner.count(server.pid(), "fd");
    logLinesBefore = server.logLines().size();
    startedAt = System.nanoTime();
  }

  @AfterEach
  void stop() throws Exception {
    try (ServerProcess stopped = server) {
      recorder.close();
      assertThat(stopped.terminate()).isZero();
    }
  }

  private long auditLines() {
    return server.log().lines().filter(line -> line.contains(AUDIT)).count();
  }

  /**
   * Asserts that the server is in its earlier state, except for log lines with the expected text.
   */
  private void assertUnharmed(TestInfo test, int withinSeconds, String... expectedLines)
      throws Exception {
    long deadline = startedAt + TimeUnit.SECONDS.toNanos(withinSeconds);
    long resident = server.residentBytes();
    while (ProcessRunner.count(server.pid(), "fd") > descriptorsBefore) {
      assertThat(System.nanoTime()).as("still open: %s", server.log()).isLessThan(deadline);
      resident = Math.max(resident, server.residentBytes());
      recorder.awaitFrames(5);
    }
    double seconds = (System.nanoTime() - startedAt) / 1e9;
    recorder.awaitFrames(50);
    assertThat(recorder.gaps()).isEmpty();
    assertThat(resident).isLessThan(MAX_RESIDENT_BYTES);
    List<String> all = server.logLines();
    List<String> newLines = all.subList(logLinesBefore, all.size());
    for (String each : expectedLines) {
      assertThat(newLines).anySatisfy(line -> assertThat(line).contains(each));
    }
    assertThat(newLines)
        .hasSizeLessThanOrEqualTo(
            MAX_LOG_LINES_IN_TEN_SECONDS * (1 + (int) Math.ceil(seconds / 10)));
    System.out.printf(
        "%s: %d MiB resident at most, %.1f s of a processor, closed after %.1f s, %d lines: %s%n",
        test.getDisplayName(),
        resident >> 20,
        server.cpuSeconds() - cpuSecondsBefore,
        seconds,
        newLines.size(),
        newLines.subList(0, Math.min(2, newLines.size())));
  }

  @Test
  void garbageClosesConnection(TestInfo test) throws Exception {
    Random random = new Random(6);
    byte[] bytes = new byte[65_536];
    for (int i = 0; i < 200; i++) {
      random.nextBytes(bytes);
      try (RawPeer peer = RawPeer.connect(server)) {
        peer.flood(bytes, 1);
        peer.readUntilClosed();
      }
      try (RawPeer peer = RawPeer.connect(server)) {
        peer.flood("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.UTF_8), 1);
        peer.readUntilClosed();
      }
    }
    assertUnharmed(test, 15);
  }

  @Test
  void tenThousandSilentPeersAreClosed(TestInfo test) throws Exception {
    List<RawPeer> peers = Collections.synchronizedList(new ArrayList<>());
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> connecting = new ArrayList<>();
      for (int i = 0; i < SILENT_PEERS; i++) {
        connecting.add(threads.submit(() -> peers.add(RawPeer.connect(server))));
      }
      for (Future<?> each : connecting) {
        each.get();
      }
      // The kernel accepts connections before the server does. The first peers are still connected
      // when the last ones connect.
      long deadline = startedAt + TimeUnit.SECONDS.toNanos(HANDSHAKE_SECONDS);
      while (ProcessRunner.count(server.pid(), "fd") < descriptorsBefore + SILENT_PEERS) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        recorder.awaitFrames(5); // each poll also costs the server time
      }
      System.out.printf(
          "%d connected within %.1f s%n", SILENT_PEERS, (System.nanoTime() - startedAt) / 1e9);
      for (int i = 0; i < 200; i++) {
        peers.add(RawPeer.connect(server));
      }
      assertThat(peers.get(peers.size() - 1).readUntilClosed()).isZero();
      assertUnharmed(test, HANDSHAKE_SECONDS + 15, "max-connections is reached");
    } finally {
      threads.shutdownNow();
      for (RawPeer peer : peers) {
        peer.close();
      }
    }
  }

  /** Some peers send half a preface, some stop after the preface, some send a byte per second. */
  @Test
  void peersThatStallInHandshakeAreClosed(TestInfo test) throws Exception {
    List<RawPeer> halves = new ArrayList<>();
    List<RawPeer> silent = new ArrayList<>();
    List<RawPeer> slow = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      halves.add(RawPeer.connect(server).send(RawPeer.PREFACE));
      silent.add(RawPeer.handshake(server));
      slow.add(RawPeer.handshake(server));
    }
    byte[] head =
        RawPeer.frame(RawPeer.HEADERS, RawPeer.END_HEADERS, 1, RawPeer.call("ListDevices"));
    boolean closed = false;
    for (int i = 0; i < 30 && !closed; i++) {
      for (RawPeer peer : slow) {
        peer.flood(new byte[] {head[i]}, 1);
      }
      recorder.awaitFrames(50); // one second
      closed = ProcessRunner.count(server.pid(), "fd") <= descriptorsBefore;
    }
    assertUnharmed(test, 25);
    for (List<RawPeer> peers : List.of(halves, silent, slow)) {
      for (RawPeer peer : peers) {
        peer.close();
      }
    }
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  @Test
  void rapidResetsCloseConnection(TestInfo test) throws Exception {
    int peers = 5;
    long audited = auditLines();
    for (int i = 0; i < peers; i++) {
      try (RawPeer peer = RawPeer.handshake(server)) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int stream = 1; stream < 40_000; stream += 2) {
          bytes.writeBytes(
              RawPeer.frame(
                  RawPeer.HEADERS, RawPeer.END_HEADERS, stream, RawPeer.call("StreamFrames")));
          bytes.writeBytes(RawPeer.frame(RawPeer.DATA, 1, stream, new byte[5])); // an empty request
          bytes.writeBytes(
              RawPeer.frame(RawPeer.RST_STREAM, RawPeer.NO_FLAG, stream, RawPeer.bigEndian(8)));
        }
        peer.flood(bytes.toByteArray(), 1);
        peer.readUntilClosed();
      }
    }
    assertUnharmed(test, 15);
    // Only as many requests as the limit permits became subscriptions.
    assertThat(auditLines() - audited).isLessThanOrEqualTo(2L * peers * (MAX_RESETS + 1));
  }

  @Test
  void pingFloodClosesConnection(TestInfo test) throws Exception {
    byte[] ping = RawPeer.frame(RawPeer.PING, RawPeer.NO_FLAG, 0, new byte[8]);
    for (int i = 0; i < 20; i++) {
      try (RawPeer peer = RawPeer.handshake(server)) {
        peer.flood(ping, 10_000);
        peer.readUntilClosed();
      }
    }
    assertUnharmed(test, 15);
  }

  /** Frames that only the processor's time limits, for one second each, from one peer each. */
  @Test
  void otherFloodsAreHarmless(TestInfo test) throws Exception {
    byte[] open =
        RawPeer.frame(RawPeer.HEADERS, RawPeer.END_HEADERS, 1, RawPeer.call("PullFrames"));
    List<byte[]> floods =
        List.of(
            RawPeer.frame(RawPeer.SETTINGS, RawPeer.NO_FLAG, 0, RawPeer.EMPTY),
            RawPeer.frame(RawPeer.PING, RawPeer.ACK, 0, new byte[8]),
            RawPeer.frame(RawPeer.DATA, RawPeer.NO_FLAG, 1, RawPeer.EMPTY),
            RawPeer.frame(RawPeer.CONTINUATION, RawPeer.NO_FLAG, 1, RawPeer.EMPTY));
    for (byte[] flood : floods) {
      byte[] many = new byte[flood.length * 1_000];
      for (int i = 0; i < 1_000; i++) {
        System.arraycopy(flood, 0, many, i * flood.length, flood.length);
      }
      try (RawPeer peer = RawPeer.handshake(server).send(open)) {
        peer.flood(many, 300);
      }
    }
    assertUnharmed(test, 30);
  }

  @Test
  void excessiveMetadataIsRejected(TestInfo test) throws Exception {
    byte[] call = RawPeer.call("ListDevices");
    byte[] more = RawPeer.field("x-filling", "x".repeat(16_000));
    for (int i = 0; i < 50; i++) {
      try (RawPeer peer = RawPeer.handshake(server)) {
        peer.flood(RawPeer.frame(RawPeer.HEADERS, RawPeer.NO_FLAG, 1, call), 1);
        peer.flood(RawPeer.frame(RawPeer.CONTINUATION, RawPeer.NO_FLAG, 1, more), 1_000);
        peer.readUntilClosed();
      }
      try (RawPeer peer =
          RawPeer.handshake(server)) { // endless continuation frames without a header
        peer.flood(RawPeer.frame(RawPeer.HEADERS, RawPeer.NO_FLAG, 1, call), 1);
        peer.flood(RawPeer.frame(RawPeer.CONTINUATION, RawPeer.NO_FLAG, 1, RawPeer.EMPTY), 1_000);
        peer.readUntilClosed();
      }
    }
    assertUnharmed(test, 20);
  }

  /** A message that claims to be two gigabytes long. */
  @Test
  void tooLongMessageIsRejected(TestInfo test) throws Exception {
    for (int i = 0; i < 20; i++) {
      try (RawPeer peer = RawPeer.handshake(server)) {
        for (int stream = 1; stream < 200; stream += 2) {
          peer.flood(
              join(
                  RawPeer.frame(
                      RawPeer.HEADERS, RawPeer.END_HEADERS, stream, RawPeer.call("PullFrames")),
                  RawPeer.frame(
                      RawPeer.DATA, RawPeer.NO_FLAG, stream, new byte[] {0, 127, -1, -1, -1})),
              1);
        }
        assertThat(peer.readsText("exceeds maximum size")).isTrue();
      }
    }
    assertUnharmed(test, 20, "gRPC message exceeds maximum size 4096: 2147483647");
  }

  /** Each watch has a name of its own, as long as the server accepts. */
  @Test
  void healthWatchesAreLimited(TestInfo test) throws Exception {
    List<RawPeer> peers = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      RawPeer peer = RawPeer.handshake(server);
      peers.add(peer);
      for (int stream = 1; stream < 1_000; stream += 2) {
        byte[] name =
            "lavalier.v1.AudioCapture/%03d-%03d%s"
                .formatted(i, stream, "x".repeat(200))
                .getBytes(StandardCharsets.US_ASCII);
        byte[] request = join(new byte[] {0x0a, (byte) ((name.length & 127) | 128), 1}, name);
        peer.flood(
            join(
                RawPeer.frame(
                    RawPeer.HEADERS,
                    RawPeer.END_HEADERS,
                    stream,
                    RawPeer.callOf("grpc.health.v1.Health/Watch")),
                RawPeer.frame(
                    RawPeer.DATA,
                    1,
                    stream,
                    join(new byte[] {0}, RawPeer.bigEndian(request.length), request))),
            1);
      }
      assertThat(peer.readsText("the limit of ")).isTrue();
    }
    for (RawPeer peer : peers) {
      peer.close();
    }
    assertUnharmed(test, 20, "calls that are not streams");
  }

  /** The web port: silent and slow peers, WebSockets without a request, floods, and garbage. */
  @Test
  void webPeersAreHarmless(TestInfo test) throws Exception {
    int port = server.webPort();
    List<HttpSocket> peers = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      peers.add(new HttpSocket(port));
      peers.add(new HttpSocket(port).send("GET / HTTP/1.1\r\nHost: local"));
      peers.add(HttpSocket.call(port, "PullFrames"));
    }
    byte[] garbage = new byte[65_536];
    new Random(6).nextBytes(garbage);
    for (byte[] flood :
        List.of(
            HttpSocket.frameBytes(HttpSocket.PING, true, new byte[125]),
            HttpSocket.frameBytes(HttpSocket.PONG, true, RawPeer.EMPTY),
            HttpSocket.frameBytes(HttpSocket.CONTINUATION, false, RawPeer.EMPTY),
            HttpSocket.frameBytes(HttpSocket.BINARY, true, new byte[4_096]),
            garbage)) {
      for (int i = 0; i < 10; i++) {
        HttpSocket peer = HttpSocket.call(port, "PullFrames");
        peer.frame(HttpSocket.BINARY, false, RawPeer.EMPTY).flood(flood, 1 << 20);
        peers.add(peer);
      }
    }
    assertUnharmed(test, HANDSHAKE_SECONDS + 30, "frames: too many (expected: no more than 100");
    for (HttpSocket peer : peers) {
      peer.close();
    }
  }

  @Test
  void validFramesOfRawPeerAreAccepted() throws IOException {
    try (RawPeer peer = RawPeer.handshake(server)) {
      peer.send(
          join(
              RawPeer.frame(RawPeer.HEADERS, RawPeer.END_HEADERS, 1, RawPeer.call("ListDevices")),
              RawPeer.frame(RawPeer.DATA, 1, 1, new byte[5])));
      assertThat(peer.readsText("tone")).isTrue();
    }
  }
}
