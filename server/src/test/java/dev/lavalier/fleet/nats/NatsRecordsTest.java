package dev.lavalier.fleet.nats;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.fleet.Link;
import dev.lavalier.testing.NatsServer;
import io.nats.client.Connection;
import io.nats.client.Dispatcher;
import io.nats.client.Nats;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests recordings with a real nats-server. */
final class NatsRecordsTest {

  private static final String SUBJECT = "lav.1.rec.studio-3.bWlj";
  private static final String OTHER = "lav.1.rec.studio-3.b3RoZXI";
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration TIMEOUT = NatsLinks.TIMEOUT;
  private static final int MANY = 1 << 20;
  private static final String NOT_RECORDED = "WARN fleet: its devices are not recorded (expected: ";

  @TempDir private Path directory;
  @RegisterExtension private final NatsLinks links = new NatsLinks();

  private static void publish(Link node, String subject, int from, int to) {
    for (int i = from; i < to; i++) {
      node.publish(subject, ("block " + i).getBytes(UTF_8));
    }
  }

  private static List<String> recorded(Link edge, String subject, Duration back, int maxBytes)
      throws InterruptedException {
    return edge.recorded(subject, back, maxBytes).stream()
        .map(each -> new String(each, UTF_8))
        .toList();
  }

  /** Waits until nats-server has stored a block, and returns what it has. */
  private static List<String> awaitRecorded(Link edge, String subject, String last)
      throws InterruptedException {
    long end = System.nanoTime() + TIMEOUT.toNanos();
    List<String> found;
    do {
      found = recorded(edge, subject, MINUTE, MANY);
    } while (!found.contains(last) && System.nanoTime() < end);
    return found;
  }

  private static List<String> blocks(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "block " + i).toList();
  }

  @Test
  void recordedBlocksAreReadByTheirAge() throws Exception {
    Nkey node = Nkey.generate();
    Nkey edge = Nkey.generate();
    String configuration =
        NatsConfiguration.published()
            .forOldVersions()
            .withoutAddress()
            .withoutTls()
            .withKeys(node, edge)
            .withRecordingIn(directory)
            .toString();
    try (NatsServer server = NatsServer.started(directory, configuration)) {
      NatsLink nodeLink =
          links.ready(links.link(server.url(), "studio-3", directory, node, Optional.empty()));
      NatsLink edgeLink =
          links.ready(links.link(server.url(), "edge-7", directory, edge, Optional.empty()));
      assertThat(recorded(edgeLink, SUBJECT, MINUTE, MANY)).isEmpty();

      nodeLink.startRecording();
      links.awaitLines("INFO fleet: recorded devices are kept by the stream LAV_REC_studio-3", 1);
      publish(nodeLink, SUBJECT, 0, 30);
      publish(nodeLink, OTHER, 100, 110);
      assertThat(awaitRecorded(edgeLink, SUBJECT, "block 29")).isEqualTo(blocks(0, 30));
      assertThat(awaitRecorded(edgeLink, OTHER, "block 109")).isEqualTo(blocks(100, 110));
      assertThat(recorded(edgeLink, SUBJECT, Duration.ZERO, MANY)).containsExactly("block 29");
      assertThat(recorded(edgeLink, SUBJECT, MINUTE, 5 * "block 29".length()))
          .isEqualTo(blocks(25, 30));

      nodeLink.startRecording(); // as after a restart of the node
      links.awaitLines("INFO fleet: recorded devices are kept by", 2);
      assertThat(recorded(edgeLink, SUBJECT, MINUTE, MANY)).hasSize(30);
      assertThat(links.log().all()).noneMatch(line -> line.startsWith("WARN"));
    }
  }

  @Test
  void streamOfTheOperatorStaysAsItIs() throws Exception {
    try (NatsServer server = NatsServer.started(directory, jetStream())) {
      NatsLink node = links.ready(server.url(), "studio-3");
      byte[] answer =
          node.request(
              "$JS.API.STREAM.CREATE.LAV_REC_studio-3",
              ("{\"name\":\"LAV_REC_studio-3\",\"subjects\":[\"lav.1.rec.studio-3.*\"],"
                      + "\"max_msgs_per_subject\":2,\"allow_direct\":true,"
                      + "\"retention\":\"limits\",\"storage\":\"memory\",\"num_replicas\":1}")
                  .getBytes(UTF_8),
              TIMEOUT);
      assertThat(new String(answer, UTF_8)).doesNotContain("error");

      node.startRecording();
      links.awaitLines("INFO fleet: recorded devices are kept by", 1);
      publish(node, SUBJECT, 0, 5);

      assertThat(awaitRecorded(node, SUBJECT, "block 4")).isEqualTo(blocks(3, 5));
    }
  }

  @Test
  void liveMessagesDoNotNeedJetStream() throws Exception {
    assertLiveWithoutRecording("");
  }

  @Test
  void liveMessagesDoNotNeedTheQuorumOfJetStream() throws Exception {
    String alone =
        """
        server_name: one
        cluster {
          name: lavalier
          listen: "127.0.0.1:-1"
          routes: ["nats://127.0.0.1:1", "nats://127.0.0.1:2"]
        }
        """;
    assertLiveWithoutRecording(alone + jetStream());
  }

  @Test
  void malformedAnswersOfJetStream_areReported() throws Exception {
    List<String> answers =
        List.of(
            "garbage", "{\"config\":7}", "{\"a\":".repeat(50_000), "{\"config\":{\"name\":\"x\"}}");
    try (NatsServer server = NatsServer.started(directory, "")) {
      Connection jetStream = Nats.connect(server.url());
      AtomicReference<String> answer = new AtomicReference<>();
      Dispatcher unused =
          jetStream
              .createDispatcher(
                  message -> jetStream.publish(message.getReplyTo(), answer.get().getBytes(UTF_8)))
              .subscribe("$JS.API.>");
      jetStream.flush(TIMEOUT);
      for (int i = 0; i < answers.size(); i++) {
        answer.set(answers.get(i));
        NatsLink node = links.ready(server.url(), "studio-" + i);

        node.startRecording();
        links.awaitLines(NOT_RECORDED, i + 1);
        assertThat(recorded(node, SUBJECT, MINUTE, MANY)).isEmpty();
      }
      jetStream.close();
    }
  }

  private String jetStream() throws Exception {
    Path store = Files.createDirectories(directory.resolve("jetstream"));
    return "jetstream { store_dir: \"%s\", max_file: 1G }\n".formatted(store);
  }

  private void assertLiveWithoutRecording(String configuration) throws Exception {
    try (NatsServer server = NatsServer.started(directory, configuration)) {
      NatsLink node = links.readyNode(server.url(), "studio-3");
      NatsLink edge = links.ready(server.url(), "edge-7");
      node.startRecording();
      BlockingQueue<String> received = new LinkedBlockingQueue<>();
      edge.subscribe(SUBJECT, message -> received.add(new String(message.payload(), UTF_8)));
      links.awaitLines(NOT_RECORDED, 1);

      long start = System.nanoTime();
      assertThat(recorded(edge, SUBJECT, MINUTE, MANY)).isEmpty();
      assertThat(System.nanoTime() - start).isLessThan(TIMEOUT.toNanos() / 4);
      publish(node, SUBJECT, 0, 3);

      for (String block : blocks(0, 3)) {
        assertThat(received.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(block);
      }
      assertThat(node.isReady()).isTrue();
      assertThat(links.log().all()).filteredOn(line -> line.startsWith(NOT_RECORDED)).hasSize(1);
    }
  }
}
