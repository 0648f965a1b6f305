package dev.lavalier.fleet.nats;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.Link;
import dev.lavalier.testing.LogLines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The links of a test, which end with it, and their log. */
final class NatsLinks implements BeforeEachCallback, AfterEachCallback {

  /** How long a test waits. */
  static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final List<NatsLink> links = new ArrayList<>();
  private LogLines log;

  @Override
  public void beforeEach(ExtensionContext context) {
    log = LogLines.of(NatsLink.class.getName());
  }

  @Override
  public void afterEach(ExtensionContext context) {
    links.forEach(NatsLink::close);
    log.close();
  }

  /** Returns the log of all links. */
  LogLines log() {
    return log;
  }

  /** Waits for some lines of the log with the same beginning. */
  void awaitLines(String prefix, int count) throws Exception {
    log.await(line -> log.all().stream().filter(each -> each.startsWith(prefix)).count() >= count);
  }

  /** Returns a link without a key, which accepts an old nats-server. */
  NatsLink link(String url, String name) {
    return link(new NatsOptions(List.of(url), name, Optional.empty(), Optional.empty(), true));
  }

  NatsLink link(NatsOptions options) {
    NatsLink link = NatsLink.connect(options, TimeSource.system());
    links.add(link);
    return link;
  }

  /** Returns a link of a node without a key, when it is ready. */
  NatsLink readyNode(String url, String name) throws Exception {
    NatsLink link =
        NatsLink.connectNode(
            new NatsOptions(List.of(url), name, Optional.empty(), Optional.empty(), true),
            TimeSource.system());
    links.add(link);
    return ready(link);
  }

  /** Returns a link with a key, whose file is in a directory. */
  NatsLink link(String url, String name, Path directory, Nkey key, Optional<NatsTls> tls)
      throws Exception {
    Path file = Files.writeString(directory.resolve(name + ".nk"), key.seed());
    return link(new NatsOptions(List.of(url), name, Optional.of(file), tls, true));
  }

  NatsLink ready(String url, String name) throws Exception {
    return ready(link(url, name));
  }

  /** Waits until a link is ready. */
  NatsLink ready(NatsLink link) throws InterruptedException {
    BlockingQueue<Boolean> ready = new LinkedBlockingQueue<>();
    link.onReady(() -> ready.add(true));
    if (!link.isReady()) {
      assertThat(ready.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS)).isNotNull();
    }
    return link;
  }

  /** Subscribes, and returns what arrives. */
  static BlockingQueue<String> received(Link link, String pattern) {
    BlockingQueue<String> received = new LinkedBlockingQueue<>();
    link.subscribe(pattern, message -> received.add(new String(message.payload(), UTF_8)));
    return received;
  }

  /** Waits until nats-server has processed what a link has sent so far. */
  static void settle(Link link) throws InterruptedException {
    assertThatThrownBy(() -> link.request("nobody", new byte[0], TIMEOUT))
        .isInstanceOf(Link.NoReplyException.class);
  }

  /** Returns the next message; null if none arrives. */
  static String next(BlockingQueue<String> received) throws InterruptedException {
    return received.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
  }
}
