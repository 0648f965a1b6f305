package dev.lavalier.fleet.nats;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.fleet.Link;
import dev.lavalier.testing.NatsServer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests the link with a real nats-server. */
final class NatsLinkTest {

  private static final Duration TIMEOUT = NatsLinks.TIMEOUT;
  private static final String SUBJECT = "lav.1.pcm.studio-1.bWlj";

  @TempDir private Path directory;

  @RegisterExtension private final NatsLinks links = new NatsLinks();

  @Test
  void connectsWhenNatsServerStartsLater() throws Exception {
    try (NatsServer server = NatsServer.notStarted(directory)) {
      NatsLink link = links.link(server.url(), "edge-1");
      BlockingQueue<String> received = NatsLinks.received(link, SUBJECT);
      links.log().await(line -> line.startsWith("WARN fleet: no connection to " + server.url()));
      assertThat(link.isReady()).isFalse();
      link.publish(SUBJECT, "lost".getBytes(UTF_8));

      server.start("");
      links.ready(link);
      NatsLink node = links.ready(server.url(), "studio-1");
      NatsLinks.settle(link);
      node.publish(SUBJECT, "first".getBytes(UTF_8));

      assertThat(NatsLinks.next(received)).isEqualTo("first");
      assertThat(links.log().all())
          .filteredOn(line -> line.endsWith("Connection refused"))
          .hasSize(1);
      links.log().await(line -> line.startsWith("INFO fleet: connected to " + server.url()));
    }
  }

  @Test
  void answersRequestsAndSaysAtOnceThatNobodyListens() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "")) {
      NatsLink node = links.ready(server.url(), "studio-1");
      NatsLink edge = links.ready(server.url(), "edge-1");
      node.subscribe(
          "lav.1.ctl.studio-1.*",
          message -> message.reply().accept((message.subject() + "!").getBytes(UTF_8)));
      node.subscribe("lav.1.silent", message -> {});
      NatsLinks.settle(node);

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
  void answerGoesToTheSenderOfTheRequestOnly() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "");
        Socket edge = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      NatsLink node = links.ready(server.url(), "studio-1");
      node.subscribe(
          "lav.1.ctl.studio-1.*", message -> message.reply().accept("answer".getBytes(UTF_8)));
      NatsLinks.settle(node);
      edge.setSoTimeout((int) TIMEOUT.toMillis());
      StringBuilder sent = new StringBuilder("CONNECT {\"verbose\":false}\r\nSUB > 1\r\n");
      List<String> replies =
          List.of(
              "$JS.API.STREAM.PURGE.LAV_REC_studio-1",
              "lav.1.hb.studio-2",
              "_INBOX_edge-2.x",
              "_INBOX_edge-1x",
              "_INBOX_edge-1.x");
      replies.forEach(
          reply -> sent.append("PUB lav.1.ctl.studio-1.edge-1 %s 0\r\n\r\n".formatted(reply)));
      edge.getOutputStream().write(sent.toString().getBytes(UTF_8));

      BufferedReader lines =
          new BufferedReader(new InputStreamReader(edge.getInputStream(), UTF_8));
      List<String> answered = new ArrayList<>();
      while (!answered.contains("_INBOX_edge-1.x 1 6")) {
        String line = lines.readLine();
        if (line.startsWith("MSG ") && !line.startsWith("MSG lav.1.ctl.")) {
          answered.add(line.substring("MSG ".length()));
        }
      }
      assertThat(answered).containsExactly("_INBOX_edge-1.x 1 6");
    }
  }

  @Test
  void longestSubjectForAnAnswerDoesNotEndTheConnection() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "");
        Socket edge = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      NatsLink node = links.ready(server.url(), "studio-1");
      node.subscribe("lav.1.ctl.*.*", message -> message.reply().accept(new byte[1]));
      NatsLinks.settle(node);
      edge.setSoTimeout((int) TIMEOUT.toMillis());
      String request = "lav.1.ctl.studio-1.edge-1 _INBOX_edge-1.%s 0";
      String padding = "x".repeat(4_096 - request.formatted("").length());
      edge.getOutputStream()
          .write(
              "CONNECT {\"verbose\":false}\r\nSUB _INBOX_edge-1.* 1\r\nPUB %s\r\n\r\n"
                  .formatted(request.formatted(padding))
                  .getBytes(UTF_8));

      BufferedReader lines =
          new BufferedReader(new InputStreamReader(edge.getInputStream(), UTF_8));
      assertThat(lines.readLine()).startsWith("INFO ");
      assertThat(lines.readLine()).isEqualTo("MSG _INBOX_edge-1.%s 1 1".formatted(padding));
      assertThat(node.isConnected()).isTrue();
    }
  }

  @Test
  void messageThatTheLibraryCannotReadEndsTheConnectionAtOnce() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "");
        Socket edge = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      NatsLink node = links.ready(server.url(), "studio-1");
      BlockingQueue<String> received = NatsLinks.received(node, "lav.1.who");
      NatsLinks.settle(node);
      String header = "HTTP/1.1\r\n\r\n";
      edge.getOutputStream()
          .write(
              "CONNECT {\"verbose\":false,\"headers\":true}\r\nHPUB lav.1.who %1$d %1$d\r\n%2$s\r\n"
                  .formatted(header.length(), header)
                  .getBytes(UTF_8));

      links
          .log()
          .await(
              line ->
                  line.equals(
                      "WARN fleet: connection lost, trying again: a message that cannot be read:"
                          + " Invalid header version"));
      links.awaitLines("INFO fleet: connected", 2);
      NatsLinks.settle(node);
      edge.getOutputStream().write("PUB lav.1.who 2\r\nok\r\n".getBytes(UTF_8));
      assertThat(NatsLinks.next(received)).isEqualTo("ok");
    }
  }

  @Test
  void nodeIgnoresHeaders() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "");
        Socket edge = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      NatsLink node = links.readyNode(server.url(), "studio-1");
      BlockingQueue<String> received = NatsLinks.received(node, "lav.1.who");
      String connect = "CONNECT {\"verbose\":false,\"headers\":true}\r\n";
      String message = "HPUB lav.1.who 5 7\r\nHTTP\n%d,\r\n";
      edge.getOutputStream().write(connect.getBytes(UTF_8));
      int sent = 0;
      String first = null;
      while (first == null) { // the node may not have subscribed yet
        edge.getOutputStream().write(message.formatted(sent++ % 10).getBytes(UTF_8));
        first = received.poll(10, TimeUnit.MILLISECONDS);
      }
      edge.getOutputStream().write("PUB lav.1.who 4\r\nlast\r\n".getBytes(UTF_8));
      String next = first;
      while (!"last".equals(next)) {
        assertThat(next).matches("\\d,");
        next = NatsLinks.next(received);
      }
      assertThat(links.log().all()).noneMatch(line -> line.contains("connection lost"));
    }
  }

  @Test
  void oldNatsServerIsRefused() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "")) {
      NatsLink link =
          links.link(
              new NatsOptions(
                  List.of(server.url()), "edge-1", Optional.empty(), Optional.empty(), false));
      String line = links.log().await(each -> each.contains("nats-server"));

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

  @Test
  void nothingThatWasPublishedWhileNatsServerIsDownIsDeliveredLater() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "")) {
      NatsLink node = links.ready(server.url(), "studio-1");
      NatsLink edge = links.ready(server.url(), "edge-1");
      BlockingQueue<String> received = NatsLinks.received(edge, SUBJECT);
      NatsLinks.settle(edge);
      server.kill();
      links.awaitLines("WARN fleet: connection lost", 2);
      for (int i = 0; i < 1_000; i++) {
        node.publish(SUBJECT, "old".getBytes(UTF_8));
      }
      assertThat(node.isReady()).isFalse();

      server.start("");
      links.awaitLines("INFO fleet: connected", 4);
      links.ready(node);
      links.ready(edge);
      NatsLinks.settle(edge);
      node.publish(SUBJECT, "new".getBytes(UTF_8));

      assertThat(NatsLinks.next(received)).isEqualTo("new");
    }
  }

  @Test
  void anotherServerOfTheClusterIsUsed() throws Exception {
    Path second = Files.createDirectory(directory.resolve("second"));
    NatsServer one = NatsServer.notStarted(directory);
    NatsServer two = NatsServer.notStarted(second);
    try (one;
        two) {
      NatsOptions both =
          new NatsOptions(
              List.of(one.url(), two.url()), "edge-1", Optional.empty(), Optional.empty(), true);
      NatsLink link = links.link(both);
      BlockingQueue<String> received = NatsLinks.received(link, SUBJECT);
      one.start("");
      links.log().await(line -> line.startsWith("INFO fleet: connected to " + one.url()));
      two.start("");
      one.kill();
      links.log().await(line -> line.startsWith("INFO fleet: connected to " + two.url()));

      links.ready(link);
      NatsLink node = links.ready(two.url(), "studio-1");
      NatsLinks.settle(link);
      node.publish(SUBJECT, "from the second".getBytes(UTF_8));
      assertThat(NatsLinks.next(received)).isEqualTo("from the second");
    }
  }

  @Test
  void messageThatIsTooLargeIsDroppedAndSaidOnce() throws Exception {
    try (NatsServer server = NatsServer.started(directory, "max_payload: 1000")) {
      NatsLink node = links.ready(server.url(), "studio-1");
      NatsLink edge = links.ready(server.url(), "edge-1");
      BlockingQueue<String> received = NatsLinks.received(edge, SUBJECT);
      NatsLinks.settle(edge);

      node.publish(SUBJECT, new byte[1_001]);
      node.publish(SUBJECT, new byte[1_001]);
      node.publish(SUBJECT, "small".getBytes(UTF_8));

      assertThat(NatsLinks.next(received)).isEqualTo("small");
      assertThat(links.log().all())
          .filteredOn(line -> line.contains("bytes"))
          .containsExactly(
              "WARN fleet: %s: a message of 1001 bytes (expected: at most max_payload of"
                      .formatted(SUBJECT)
                  + " nats-server, 1000)");
    }
  }

  @Test
  void connectionsThatAreLostAtOnce_areMadeLessAndLessOften() throws Exception {
    String info =
        "INFO {\"server_id\":\"X\",\"version\":\"2.11.0-%s\",\"proto\":1,\"max_payload\":1000}\r\n"
            .formatted("v".repeat(200));
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      NatsLink unused = links.link("nats://127.0.0.1:" + server.getLocalPort(), "edge-1");
      server.setSoTimeout(200);
      int connections = 0;
      long end = Long.MAX_VALUE; // 4 s after the first connection
      while (connections == 0 || System.nanoTime() - end < 0) {
        try (Socket socket = server.accept()) {
          socket.setSoTimeout((int) TIMEOUT.toMillis());
          socket.getOutputStream().write(info.getBytes(UTF_8));
          BufferedReader lines =
              new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
          String line = lines.readLine();
          while (line != null && !line.equals("PING")) {
            line = lines.readLine();
          }
          socket.getOutputStream().write("PONG\r\n".getBytes(UTF_8));
          if (connections == 0) {
            end = System.nanoTime() + TimeUnit.SECONDS.toNanos(4);
          }
          connections++;
          LockSupport.parkNanos(300_000_000); // the library fails otherwise
        } catch (SocketTimeoutException | SocketException e) {
          // The link waits, or has closed the connection first.
        }
      }
      assertThat(connections).isBetween(1, 6); // after 0.2, 0.4, 0.8 and 1 s
      links.log().await(line -> line.endsWith("nats-server 2.11.0-" + "v".repeat(57) + "…"));
    }
  }

  /** Greets a link like a nats-server that says neither its version nor its limit. */
  private static BufferedReader greet(Socket socket) throws Exception {
    socket.setSoTimeout((int) TIMEOUT.toMillis());
    socket
        .getOutputStream()
        .write(
            "INFO {\"server_id\":\"X\",\"version\":7,\"proto\":1,\"max_payload\":-1}\r\n"
                .getBytes(UTF_8));
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
    assertThat(lines.readLine()).startsWith("CONNECT ");
    assertThat(lines.readLine()).isEqualTo("PING");
    socket.getOutputStream().write("PONG\r\n".getBytes(UTF_8));
    return lines;
  }

  @Test
  void serverWithoutMaxPayloadGetsMessages() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      NatsLink link = links.link("nats://127.0.0.1:" + server.getLocalPort(), "edge-1");
      try (Socket socket = server.accept()) {
        BufferedReader lines = greet(socket);
        links.ready(link);
        link.publish("lav.1.who", new byte[3]);
        String line = lines.readLine();
        while (line != null && !line.startsWith("PUB ")) {
          line = lines.readLine();
        }
        assertThat(line).isEqualTo("PUB lav.1.who 3");
      }
    }
  }

  @Test
  void serverWithoutVersionIsRefused() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      NatsLink unused =
          links.link(
              new NatsOptions(
                  List.of("nats://127.0.0.1:" + server.getLocalPort()),
                  "edge-1",
                  Optional.empty(),
                  Optional.empty(),
                  false));
      try (Socket socket = server.accept()) {
        BufferedReader lines = greet(socket);
        links.log().await(line -> line.startsWith("WARN fleet: nats-server ? (expected: 2.10.26"));
        assertThat(lines.lines()).isSubsetOf("PING"); // until the link closes it
      }
    }
  }
}
