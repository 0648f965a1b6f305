package dev.lavalier.fleet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.common.TimeSource;
import dev.lavalier.testing.LogLines;
import dev.lavalier.testing.NatsServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the link with a real nats-server. */
final class NatsLinkTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final String SUBJECT = "lav.1.pcm.studio-1.bWlj";

  @TempDir private Path directory;
  private final List<NatsLink> links = new ArrayList<>();
  private LogLines log;

  @BeforeEach
  void recordLog() {
    log = LogLines.of(NatsLink.class.getName());
  }

  @AfterEach
  void closeLinks() {
    links.forEach(NatsLink::close);
    log.close();
  }

  private NatsLink link(String url, String name) {
    return link(new NatsOptions(List.of(url), name, Optional.empty(), Optional.empty(), true));
  }

  private NatsLink link(NatsOptions options) {
    NatsLink link = NatsLink.connect(options, TimeSource.system());
    links.add(link);
    return link;
  }

  private NatsLink readyLink(String url, String name) throws Exception {
    NatsLink link = link(url, name);
    awaitReady(link);
    return link;
  }

  private static void awaitReady(NatsLink link) throws InterruptedException {
    BlockingQueue<Boolean> ready = new LinkedBlockingQueue<>();
    link.onReady(() -> ready.add(true));
    if (!link.isReady()) {
      assertThat(ready.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS)).isNotNull();
    }
  }

  /** Subscribes, and returns what arrives. */
  private static BlockingQueue<String> received(Link link, String pattern) {
    BlockingQueue<String> received = new LinkedBlockingQueue<>();
    link.subscribe(pattern, message -> received.add(new String(message.payload(), UTF_8)));
    return received;
  }

  /** Waits until nats-server has processed what a link has sent so far. */
  private static void settle(Link link) throws InterruptedException {
    assertThatThrownBy(() -> link.request("nobody", new byte[0], TIMEOUT))
        .isInstanceOf(Link.NoReplyException.class);
  }

  private static String next(BlockingQueue<String> received) throws InterruptedException {
    return received.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void connectsWhenNatsServerStartsLater() throws Exception {
    try (NatsServer server = NatsServer.notStarted(directory)) {
      NatsLink link = link(server.url(), "edge-1");
      BlockingQueue<String> received = received(link, SUBJECT);
      log.await(line -> line.startsWith("WARN fleet: no connection to " + server.url()));
      assertThat(link.isReady()).isFalse();
      link.publish(SUBJECT, "lost".getBytes(UTF_8));

      server.start("");
      awaitReady(link);
      NatsLink node = readyLink(server.url(), "studio-1");
      settle(link);
      node.publish(SUBJECT, "first".getBytes(UTF_8));

      assertThat(next(received)).isEqualTo("first");
      assertThat(log.all())
          .filteredOn(line -> line.startsWith("WARN"))
          .singleElement()
          .asString()
          .endsWith("Connection refused");
      log.await(
          line ->
              line.equals(
                  "INFO fleet: connected to "
                      + server.url()
                      + ", nats-server "
                      + line.substring(line.lastIndexOf(' ') + 1)));
    }
  }

  @Test
  void answersRequestsAndSaysAtOnceThatNobodyListens() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "")) {
      NatsLink node = readyLink(server.url(), "studio-1");
      NatsLink edge = readyLink(server.url(), "edge-1");
      node.subscribe(
          "lav.1.ctl.studio-1.*",
          message -> message.reply().accept((message.subject() + "!").getBytes(UTF_8)));
      node.subscribe("lav.1.silent", message -> {});
      settle(node);

      byte[] answer = edge.request("lav.1.ctl.studio-1.edge-1", new byte[1], TIMEOUT);
      assertThat(new String(answer, UTF_8)).isEqualTo("lav.1.ctl.studio-1.edge-1!");
      long start = System.nanoTime();
      assertThatThrownBy(() -> edge.request("lav.1.ctl.studio-2.edge-1", new byte[1], TIMEOUT))
          .isInstanceOf(Link.NoReplyException.class)
          .hasMessage("nobody has subscribed to its requests");
      assertThat(System.nanoTime() - start).isLessThan(TIMEOUT.toNanos() / 2);
      assertThatThrownBy(() -> edge.request("lav.1.silent", new byte[1], Duration.ofMillis(50)))
          .isInstanceOf(Link.NoReplyException.class)
          .hasMessage("no answer within 50 ms");
    }
  }

  @Test
  void oldNatsServerIsRefused() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "")) {
      NatsLink link =
          link(
              new NatsOptions(
                  List.of(server.url()), "edge-1", Optional.empty(), Optional.empty(), false));
      String line = log.await(each -> each.contains("nats-server"));

      if (line.contains("expected")) {
        assertThat(line)
            .matches(
                "WARN fleet: nats-server [0-9.]+ \\(expected: 2\\.10\\.26 or newer, or"
                    + " --fleet-old-engine\\)");
        assertThat(link.isReady()).isFalse();
      } else { // a newer one is installed
        assertThat(line).startsWith("INFO fleet: connected to ");
      }
    }
  }
}
