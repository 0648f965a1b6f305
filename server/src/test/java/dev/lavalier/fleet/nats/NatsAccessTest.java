package dev.lavalier.fleet.nats;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.fleet.Link;
import dev.lavalier.testing.Certificates;
import dev.lavalier.testing.NatsServer;
import dev.lavalier.testing.SlowTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests keys, permissions and certificates with the published configuration of nats-server. */
final class NatsAccessTest {

  private static final Duration TIMEOUT = NatsLinks.TIMEOUT;

  @TempDir private Path directory;
  private final Nkey node = Nkey.generate();
  private final Nkey edge = Nkey.generate();

  @RegisterExtension private final NatsLinks links = new NatsLinks();

  private NatsConfiguration configuration() throws Exception {
    return NatsConfiguration.published().forOldVersions().withoutAddress().withKeys(node, edge);
  }

  private NatsServer server() throws Exception {
    return NatsServer.started(directory, configuration().withoutTls().toString());
  }

  private NatsLink ready(NatsServer server, String name, Nkey key) throws Exception {
    return links.ready(links.link(server.url(), name, directory, key, Optional.empty()));
  }

  private static BlockingQueue<String> received(Link link, String pattern) {
    BlockingQueue<String> received = new LinkedBlockingQueue<>();
    link.subscribe(pattern, message -> received.add(message.subject()));
    return received;
  }

  private static byte[] request(Link edge) throws Exception {
    return edge.request("lav.1.ctl.studio-3.edge-7", "open".getBytes(UTF_8), TIMEOUT);
  }

  @Test
  void nodeIsOnlyHeardAsItself() throws Exception {
    try (NatsServer server = server()) {
      NatsLink nodeLink = ready(server, "studio-3", node);
      NatsLink edgeLink = ready(server, "edge-7", edge);
      nodeLink.subscribe("lav.1.ctl.studio-3.*", message -> message.reply().accept(new byte[1]));
      BlockingQueue<String> heard = received(edgeLink, "lav.1.pcm.*.*");
      while (!isAnswered(edgeLink)) {
        Thread.onSpinWait();
      }

      nodeLink.publish("lav.1.pcm.studio-4.bWlj", new byte[1]);
      nodeLink.publish("lav.1.hb.studio-4", new byte[1]);
      nodeLink.publish("lav.1.pcm.studio-3.bWlj", new byte[1]);

      assertThat(heard.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS))
          .isEqualTo("lav.1.pcm.studio-3.bWlj");
      awaitViolation("Publish to \"lav.1.pcm.studio-4.bWlj\"");
      awaitViolation("Publish to \"lav.1.hb.studio-4\"");
    }
  }

  private static boolean isAnswered(Link edge) throws Exception {
    try {
      return request(edge).length == 1;
    } catch (Link.NoReplyException e) {
      return false; // the node has not subscribed yet
    }
  }

  @Test
  void nodeHearsNobodyAndEdgeForgesNoAudio() throws Exception {
    try (NatsServer server = server()) {
      NatsLink nodeLink = ready(server, "studio-3", node);
      NatsLink edgeLink = ready(server, "edge-7", edge);

      nodeLink.subscribe("lav.1.pcm.*.*", message -> {});
      nodeLink.subscribe("lav.1.ctl.studio-4.*", message -> {});
      edgeLink.publish("lav.1.pcm.studio-3.bWlj", new byte[1]);
      edgeLink.publish("lav.1.ctl.studio-3.edge-8", new byte[1]); // as another edge
      edgeLink.publish("lav.1.ctl.studio-3.edge-8", new byte[1]);

      awaitViolation("Subscription to \"lav.1.pcm.*.*\"");
      awaitViolation("Subscription to \"lav.1.ctl.studio-4.*\"");
      awaitViolation("Publish to \"lav.1.pcm.studio-3.bWlj\"");
      awaitViolation("Publish to \"lav.1.ctl.studio-3.edge-8\"");
      assertThat(links.log().all()).filteredOn(line -> line.contains("refuses")).hasSize(4);
      assertThat(nodeLink.isReady()).isTrue();
      assertThat(edgeLink.isReady()).isTrue();
    }
  }

  private void awaitViolation(String what) throws Exception {
    links
        .log()
        .await(line -> line.startsWith("WARN fleet: nats-server refuses: ") && line.contains(what));
  }

  @Test
  void strangerIsRefusedWithOneLine() throws Exception {
    try (NatsServer server = server()) {
      Nkey stranger = Nkey.generate();
      NatsLink withKey = links.link(server.url(), "edge-8", directory, stranger, Optional.empty());
      NatsLink withoutKey = links.link(server.url(), "edge-9");

      links
          .log()
          .await(
              line ->
                  line.equals(
                      "WARN fleet: nats-server refuses %s (expected: a user of its configuration):"
                              .formatted(stranger)
                          + " Authorization Violation"));
      links
          .log()
          .await(
              line ->
                  line.startsWith(
                      "WARN fleet: nats-server refuses edge-9 without a key (expected: "));
      assertThat(withKey.isReady()).isFalse();
      assertThat(withoutKey.isReady()).isFalse();
      assertThat(links.log().all()).filteredOn(line -> line.contains("refuses")).hasSize(2);
    }
  }

  @SlowTest
  @Test
  void revokedKeyIsCutOffAndItsSuccessorIsUsedWithoutRestart() throws Exception {
    try (NatsServer server = server()) {
      NatsLink nodeLink = ready(server, "studio-3", node);
      NatsLink edgeLink = ready(server, "edge-7", edge);

      Nkey successor = Nkey.generate();
      server.configure(configuration().withoutTls().withKeys(node, successor).toString());
      server.reload();
      links.log().await(line -> line.startsWith("WARN fleet: connection lost, trying again: "));
      links.log().await(line -> line.contains("nats-server refuses " + edge));
      assertThat(edgeLink.isReady()).isFalse();
      assertThat(nodeLink.isReady()).isTrue();

      Files.writeString(directory.resolve("edge-7.nk"), successor.seed());
      links.ready(edgeLink);
      assertThat(links.log().all()).filteredOn(line -> line.contains("connection lost")).hasSize(1);
    }
  }

  @Test
  void newCertificateIsUsedWithoutRestart() throws Exception {
    Certificates certificates = certificates();
    certificates.expired("edge", "/CN=edge", "ca");
    try (NatsServer server = NatsServer.started(directory, tlsConfiguration())) {
      String url = "tls://localhost:" + server.port();
      NatsLink link = links.link(url, "edge-7", directory, edge, Optional.of(tls("edge")));
      links
          .log()
          .await(
              line ->
                  line.startsWith(
                      "WARN fleet: fleet-cert: %s (expected: a certificate that has not expired;"
                          .formatted(directory.resolve("edge.pem"))));
      assertThat(link.isConnected()).isFalse();

      certificates.signed("good", "/CN=edge", "ca");
      for (String suffix : List.of(".key", ".pem")) {
        Files.move(
            certificates.file("good" + suffix),
            certificates.file("edge" + suffix),
            StandardCopyOption.REPLACE_EXISTING);
      }

      links.ready(link);
      assertThat(link.isConnected()).isTrue();
    }
  }

  @Test
  void serverWithAnotherNameIsNotTrusted() throws Exception {
    Certificates certificates = certificates();
    certificates
        .signed("edge", "/CN=edge", "ca")
        .signedFor("DNS:studio-3", "server", "/CN=studio-3", "ca");
    try (NatsServer server = NatsServer.started(directory, tlsConfiguration())) {
      String url = "tls://localhost:" + server.port();
      NatsLink link = links.link(url, "edge-7", directory, edge, Optional.of(tls("edge")));

      links
          .log()
          .await(line -> line.contains("No subject alternative DNS name matching localhost found"));
      assertThat(link.isReady()).isFalse();
    }
  }

  private Certificates certificates() throws Exception {
    NatsServer.requireInstalled();
    return Certificates.in(directory).ca("ca").signed("server", "/CN=server", "ca");
  }

  private String tlsConfiguration() throws Exception {
    return configuration().withFilesIn(directory).toString();
  }

  private NatsTls tls(String name) {
    return new NatsTls(
        Optional.of(directory.resolve("ca.pem")),
        Optional.of(directory.resolve(name + ".pem")),
        Optional.of(directory.resolve(name + ".key")));
  }

  @Test
  void publishedConfigurationIsAccepted() throws Exception {
    certificates();
    String published = NatsConfiguration.published().withFilesIn(directory).toString();
    String old = NatsConfiguration.published().forOldVersions().withFilesIn(directory).toString();

    assertThat(NatsServer.check(directory, old)).contains("is valid");
    String recording =
        NatsConfiguration.published()
            .forOldVersions()
            .withFilesIn(directory)
            .withRecordingIn(directory)
            .toString();
    assertThat(NatsServer.check(directory, recording)).contains("is valid");
    assertThat(published).isNotEqualTo(old);
    assertThat(NatsServer.check(directory, published))
        .containsAnyOf("is valid", "unknown field \"no_fast_producer_stall\"");
  }
}
