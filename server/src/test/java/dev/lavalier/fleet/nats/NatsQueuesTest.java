package dev.lavalier.fleet.nats;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.fleet.Link;
import dev.lavalier.testing.NatsServer;
import dev.lavalier.testing.SlowTest;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests what waits, and what is dropped, if nats-server, an edge or the line is slow. */
final class NatsQueuesTest {

  private static final Duration TIMEOUT = NatsLinks.TIMEOUT;
  private static final String SUBJECT = "lav.1.pcm.studio-1.bWlj";

  @TempDir private Path directory;

  @RegisterExtension private final NatsLinks links = new NatsLinks();

  @Test
  void messagesAreDroppedWhileNatsServerDoesNotRead() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "")) {
      NatsLink node = links.ready(server.url(), "studio-1");
      BlockingQueue<Boolean> ready = new LinkedBlockingQueue<>();
      node.onReady(() -> ready.add(true));
      BlockingQueue<Boolean> connected = new LinkedBlockingQueue<>();
      node.onConnected(() -> connected.add(true));
      server.signal("STOP");
      try {
        long start = System.nanoTime();
        int published = 0;
        while (node.isReady() && published < 10_000) {
          node.publish(SUBJECT, new byte[100_000]);
          published++;
        }
        for (int i = 0; i < 1_000; i++) {
          node.publish(SUBJECT, new byte[100_000]);
        }
        assertThat(published).isLessThan(10_000);
        assertThat(node.isReady()).isFalse();
        assertThat(node.isConnected()).isTrue();
        assertThat(System.nanoTime() - start).isLessThan(TIMEOUT.toNanos());
        assertThat(ready).isEmpty();
      } finally {
        server.signal("CONT");
      }

      assertThat(ready.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS)).isNotNull();
      assertThat(node.isReady()).isTrue();
      assertThat(connected).isEmpty();
    }
  }

  @Test
  void answersWithEarlierAudio_doNotDelayLiveAudio() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "")) {
      NatsLink node = links.ready(server.url(), "studio-1");
      NatsLink edge = links.ready(server.url(), "edge-1");
      BlockingQueue<Consumer<byte[]>> replies = new LinkedBlockingQueue<>();
      node.subscribe("lav.1.ctl.studio-1.*", message -> replies.add(message.reply()));
      BlockingQueue<String> received = NatsLinks.received(edge, SUBJECT);
      NatsLinks.settle(node);
      NatsLinks.settle(edge);
      CompletableFuture<Integer> fetched =
          CompletableFuture.supplyAsync(() -> size(edge, "lav.1.ctl.studio-1.edge-1"));
      Consumer<byte[]> reply = replies.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
      assertThat(reply).isNotNull();
      server.signal("STOP");
      try {
        for (int i = 0; i < 200; i++) {
          reply.accept(new byte[512 << 10]);
        }
        assertThat(node.isReady()).isTrue();
        node.publish(SUBJECT, "live".getBytes(UTF_8));
      } finally {
        server.signal("CONT");
      }
      assertThat(NatsLinks.next(received)).isEqualTo("live");
      assertThat(fetched.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(512 << 10);
    }
  }

  private static int size(Link edge, String subject) {
    try {
      return edge.request(subject, new byte[0], TIMEOUT).length;
    } catch (Link.NoReplyException | InterruptedException e) {
      return -1;
    }
  }

  @Test
  void edgeCanRenewItsLeasesOfAllNodesAtOnce() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "")) {
      NatsLink node = links.ready(server.url(), "studio-1");
      NatsLink edge = links.ready(server.url(), "edge-1");
      BlockingQueue<String> received = NatsLinks.received(node, "lav.1.ctl.*.*");
      NatsLinks.settle(node);
      List<String> sent = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        sent.add("renewal " + i);
        edge.publish("lav.1.ctl.n%d.edge-1".formatted(i), sent.get(i).getBytes(UTF_8));
      }

      List<String> arrived = new ArrayList<>();
      for (String message; arrived.size() < sent.size(); arrived.add(message)) {
        message = received.poll(1, TimeUnit.SECONDS);
        if (message == null) {
          break;
        }
      }
      assertThat(arrived).hasSameSizeAs(sent).isEqualTo(sent);
    }
  }

  /** 200 kB/s of blocks, of which the line takes a quarter. They wait for the link for 200 ms. */
  @SlowTest
  @Test
  void blocksDoNotWaitForANarrowLine() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "");
        NarrowLine line = new NarrowLine(server.port(), 50_000)) {
      NatsLink node = links.ready(line.url(), "studio-1");
      NatsLink edge = links.ready(server.url(), "edge-1");
      AtomicLong received = new AtomicLong();
      AtomicLong oldest = new AtomicLong();
      AtomicLong least = new AtomicLong(Long.MAX_VALUE);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(8);
      edge.subscribe(
          SUBJECT,
          message -> {
            received.incrementAndGet();
            long now = System.nanoTime();
            long age = now - ByteBuffer.wrap(message.payload()).getLong();
            oldest.accumulateAndGet(age, Math::max);
            if (end - now < TimeUnit.SECONDS.toNanos(4)) {
              least.accumulateAndGet(age, Math::min);
            }
          });
      NatsLinks.settle(edge);
      Deque<Long> waiting = new ArrayDeque<>(); // the times at which blocks were read
      long late = 0;
      while (System.nanoTime() - end < 0) {
        waiting.add(System.nanoTime());
        while (System.nanoTime() - waiting.element() > TimeUnit.MILLISECONDS.toNanos(200)) {
          waiting.remove();
        }
        while (!waiting.isEmpty() && node.isReady()) {
          long read = waiting.remove();
          if (node.isLate(read)) {
            late++;
          } else {
            node.publish(SUBJECT, ByteBuffer.allocate(2_000).putLong(read).array());
          }
        }
        LockSupport.parkNanos(10_000_000);
      }
      assertThat(received.get()).isPositive();
      assertThat(late).isPositive();
      assertThat(Duration.ofNanos(oldest.get())).isLessThan(Duration.ofSeconds(2));
      // An edge takes the least age of 5 to 10 s for the time on the way.
      assertThat(Duration.ofNanos(least.get())).isLessThan(Duration.ofMillis(150));
    }
  }

  @Test
  void longerWay_interruptsBlocksOnlyBriefly() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "");
        NarrowLine line = new NarrowLine(server.port(), Integer.MAX_VALUE)) {
      NatsLink node = links.ready(line.url(), "studio-1");
      NatsLink edge = links.ready(server.url(), "edge-1");
      AtomicLong received = new AtomicLong();
      edge.subscribe(SUBJECT, message -> received.incrementAndGet());
      NatsLinks.settle(edge);
      publishUntil(node, () -> received.get() >= 30);
      line.delayAnswers(Duration.ofMillis(150));
      publishUntil(node, () -> !node.isReady());
      publishUntil(node, node::isReady);
      long before = received.get();
      publishUntil(node, () -> received.get() >= before + 30);
    }
  }

  /** Publishes a small block each 10 ms if the link is ready, until something is true. */
  private static void publishUntil(NatsLink node, BooleanSupplier done) {
    long start = System.nanoTime();
    while (!done.getAsBoolean()) {
      assertThat(System.nanoTime() - start).isLessThan(TIMEOUT.toNanos());
      if (node.isReady()) {
        node.publish(SUBJECT, new byte[100]);
      }
      LockSupport.parkNanos(10_000_000);
    }
  }

  @SlowTest
  @Test
  void edgeThatReadsNothingDoesNotDelayAnother() throws Exception {
    // 10 MB/s: within the deadline, a half of max_pending is not reached. Otherwise each message
    // would wait for 100 ms or more.
    String limits = "write_deadline: \"500ms\"\nmax_pending: 16MB";
    try (NatsServer server = NatsServer.started(directory, limits);
        Socket stopped = new Socket()) {
      stopped.setReceiveBufferSize(16_384);
      stopped.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
      stopped
          .getOutputStream()
          .write("CONNECT {\"verbose\":false}\r\nSUB %s 1\r\n".formatted(SUBJECT).getBytes(UTF_8));
      NatsLink node = links.ready(server.url(), "studio-1");
      NatsLink edge = links.ready(server.url(), "edge-1");
      BlockingQueue<Integer> received = new LinkedBlockingQueue<>();
      edge.subscribe(SUBJECT, message -> received.add(ByteBuffer.wrap(message.payload()).getInt()));
      NatsLinks.settle(edge);

      long start = System.nanoTime();
      List<Integer> sent = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        pause(start + i * 5_000_000L, node);
        node.publish(SUBJECT, ByteBuffer.allocate(50_000).putInt(i).array());
        sent.add(i);
      }
      List<Integer> arrived = new ArrayList<>();
      while (arrived.size() < sent.size()) {
        arrived.add(received.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS));
      }

      assertThat(arrived).isEqualTo(sent);
      assertThat(System.nanoTime() - start).isLessThan(TIMEOUT.toNanos());
      assertThat(server.log()).contains("Slow Consumer");
    }
  }

  /** Waits until a time, and until the link takes a message. */
  private static void pause(long until, NatsLink link) {
    while (System.nanoTime() < until || !link.isReady()) {
      LockSupport.parkNanos(500_000);
    }
  }
}
