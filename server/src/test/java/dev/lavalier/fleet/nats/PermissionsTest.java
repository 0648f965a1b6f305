package dev.lavalier.fleet.nats;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.Link;
import dev.lavalier.testing.NatsServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests what a real nats-server permits to the keys of nodes and edges. */
final class PermissionsTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  @TempDir private Path directory;
  private final List<String> users = new ArrayList<>();
  private final List<NatsLink> links = new ArrayList<>();

  @AfterEach
  void closeLinks() {
    links.forEach(NatsLink::close);
  }

  /** Creates a key, and adds its user. */
  private void addUser(String name, boolean isNode) throws Exception {
    Nkey key = Nkey.generate();
    Files.writeString(directory.resolve(name), key.seed());
    users.add(
        isNode
            ? Permissions.ofNode(name, key.publicKey(), true)
            : Permissions.ofEdge(name, key.publicKey(), true));
  }

  private NatsLink connect(NatsServer server, String name) throws Exception {
    NatsLink link =
        NatsLink.connect(
            new NatsOptions(
                List.of(server.url()),
                name,
                Optional.of(directory.resolve(name)),
                Optional.empty(),
                true),
            TimeSource.system());
    links.add(link);
    BlockingQueue<Boolean> ready = new LinkedBlockingQueue<>();
    link.onReady(() -> ready.add(true));
    assertThat(link.isReady() || ready.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS) != null)
        .isTrue();
    return link;
  }

  private static BlockingQueue<String> received(Link link, String pattern) {
    BlockingQueue<String> received = new LinkedBlockingQueue<>();
    link.subscribe(pattern, message -> received.add(new String(message.payload(), UTF_8)));
    return received;
  }

  /** Waits until nats-server has processed what an edge and a node have sent so far. */
  private static void settle(Link edge, String name) throws Exception {
    assertThat(edge.request("lav.1.ctl.studio-1." + name, new byte[0], TIMEOUT)).isNotNull();
  }

  private static String next(BlockingQueue<String> received) throws InterruptedException {
    return received.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void nodesHearNobodyAndNobodySendsAsAnother() throws Exception {
    addUser("studio-1", true);
    addUser("studio-2", true);
    addUser("edge-1", false);
    addUser("edge-2", false);
    String configuration = "authorization { users: [\n" + String.join("\n", users) + "] }";
    try (NatsServer server = NatsServer.started(directory, configuration)) {
      NatsLink node = connect(server, "studio-1");
      NatsLink otherNode = connect(server, "studio-2");
      NatsLink edge = connect(server, "edge-1");
      NatsLink otherEdge = connect(server, "edge-2");
      BlockingQueue<String> heardByNode = received(otherNode, "lav.1.pcm.studio-1.bWlj");
      BlockingQueue<String> heard = received(edge, "lav.1.pcm.studio-1.bWlj");
      BlockingQueue<String> beats = received(edge, "lav.1.hb.*");
      BlockingQueue<String> requests = new LinkedBlockingQueue<>();
      node.subscribe(
          "lav.1.ctl.studio-1.*",
          message -> {
            requests.add(message.subject());
            message.reply().accept("opened".getBytes(UTF_8));
          });
      settle(edge, "edge-1");
      settle(otherEdge, "edge-2");
      requests.clear();

      otherEdge.publish("lav.1.pcm.studio-1.bWlj", "forged by an edge".getBytes(UTF_8));
      otherEdge.publish("lav.1.ctl.studio-1.edge-1", "forged request".getBytes(UTF_8));
      settle(otherEdge, "edge-2");
      otherNode.publish("lav.1.pcm.studio-1.bWlj", "forged by a node".getBytes(UTF_8));
      otherNode.publish("lav.1.hb.studio-1", "forged".getBytes(UTF_8));
      otherNode.publish("lav.1.hb.studio-2", "real".getBytes(UTF_8));
      assertThat(next(beats)).isEqualTo("real");
      node.publish("lav.1.pcm.studio-1.bWlj", "real".getBytes(UTF_8));

      assertThat(next(heard)).isEqualTo("real");
      assertThat(requests).containsExactly("lav.1.ctl.studio-1.edge-2");
      assertThat(heardByNode).isEmpty();
    }
  }
}
