package dev.lavalier.fleet.nats;

import dev.lavalier.access.InvalidFileException;
import dev.lavalier.common.FailureLog;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.Link;
import dev.lavalier.fleet.Subjects;
import dev.lavalier.fleet.nats.NatsConnector.RefusedException;
import io.nats.client.Connection;
import io.nats.client.Dispatcher;
import io.nats.client.Message;
import io.nats.client.MessageHandler;
import io.nats.client.Subscription;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One connection to nats-server, until it is lost. It is never used again after that, so nothing
 * that was queued is sent late, and the next connection reads the files of keys and certificates
 * again.
 *
 * <p>Safe for use from any thread. Only the constructor, {@link #request} and {@link #close} block.
 */
final class NatsSession {

  /** A block is dropped if so many messages are queued. */
  private static final int MAX_QUEUED = 64;

  /** Another message is dropped if so many are queued: an edge renews its leases of 1,000 nodes. */
  private static final int MAX_QUEUED_OTHERS = 1_536;

  /** The session is not ready if so many are queued: a few threads can publish at the same time. */
  private static final int READY_QUEUED = 48;

  /** An answer is dropped if so many messages are queued. */
  private static final int MAX_QUEUED_ANSWERS = 256;

  /** What a message has besides its subject and payload, at least. */
  private static final long MESSAGE_BYTES = 9;

  private static final Duration FLUSH_TIMEOUT = Duration.ofMillis(200);

  /** What may wait for the receivers of one dispatcher. The rest is dropped. */
  private static final int MAX_PENDING = 8_192;

  private static final int MAX_PENDING_BYTES = 16 << 20;

  /** The first is for messages of any node; the blocks of a device always have the same. */
  private static final int DISPATCHERS = 3;

  /** A subscription of the link, which outlives connections. */
  record Registered(String pattern, Link.Receiver receiver) {}

  /** A dispatcher, whose messages are received one at a time, and its queue. */
  private record Lane(Dispatcher dispatcher, NatsQueue queue) {}

  private final NatsLog log;
  private final NatsEvents events;
  private final NatsAnswers answers;
  private final FailureLog failures;
  private final Map<Registered, Subscription> subscriptions = new ConcurrentHashMap<>();
  private final List<Lane> lanes = new ArrayList<>();
  private final Connection connection;
  private final NatsRoundTrip roundTrip;

  /**
   * Connects to one of the servers.
   *
   * @param onDrained called when the session is ready again, with locks of the library held
   * @throws RefusedException if nats-server refuses the key, or is too old
   * @throws IOException if there is no connection
   * @throws InvalidFileException if a file of keys or certificates cannot be used
   */
  NatsSession(
      NatsConnector connector,
      ExecutorService threads,
      NatsLog log,
      FailureLog failures,
      Runnable onDrained,
      TimeSource time)
      throws IOException, InterruptedException, InvalidFileException {
    this.log = log;
    this.events = new NatsEvents(log, onDrained, () -> sendAnswers(threads));
    this.answers =
        new NatsAnswers(
            events, (subject, payload) -> publish(subject, payload, MAX_QUEUED_ANSWERS), time);
    this.failures = failures;
    connection = connector.connect(events);
    roundTrip = new NatsRoundTrip(connection, threads, events, onDrained);
    for (int i = 0; i < DISPATCHERS; i++) {
      Dispatcher dispatcher = connection.createDispatcher();
      dispatcher.setPendingLimits(MAX_PENDING, MAX_PENDING_BYTES);
      lanes.add(new Lane(dispatcher, new NatsQueue(dispatcher::getPendingMessageCount)));
    }
  }

  /** Returns the connection, for JetStream. */
  Connection connection() {
    return connection;
  }

  String version() {
    return NatsConnector.version(connection);
  }

  String url() {
    String url = connection.getConnectedUrl();
    return url == null ? "nats-server" : url;
  }

  /** Returns what completes when the connection is lost. The library then holds its locks. */
  CompletableFuture<@Nullable Void> lost() {
    return events.lost();
  }

  /** Waits until the connection is lost or the link is closed. Returns whether it is lost. */
  boolean isLostBefore(CompletableFuture<?> closing) throws InterruptedException {
    try {
      CompletableFuture.anyOf(events.lost(), closing).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
    return !closing.isDone();
  }

  /** Returns why the connection is lost, in a few words. */
  String reason() {
    return events.reason();
  }

  /** Returns whether {@link #publish} would send a block soon. */
  boolean isReady() {
    return !events.isFull(READY_QUEUED) && !roundTrip.isLong();
  }

  /** Returns whether a block would delay newer ones, like {@link Link#isLate}. */
  boolean isLate(long readNanos) {
    return roundTrip.isLate(readNanos);
  }

  void publish(String subject, byte[] payload) {
    boolean isBlock = Subjects.isBlocks(subject);
    publish(subject, payload, isBlock ? MAX_QUEUED : MAX_QUEUED_OTHERS);
    if (isBlock) {
      roundTrip.onBlock();
    }
  }

  private void publish(String subject, byte[] payload, int limit) {
    long max = connection.getMaxPayload(); // 0 or less: nats-server has not said it
    if (max > 0 && payload.length > max) {
      log.violated(
          "%s: a message of %d bytes (expected: at most max_payload of nats-server, %d)"
              .formatted(subject, payload.length, max));
      return;
    }
    if (events.queued() >= limit) {
      return;
    }
    events.onQueued(bytes(subject, payload));
    try {
      connection.publish(subject, payload);
    } catch (IllegalStateException e) {
      events.onSent(bytes(subject, payload)); // the connection was lost just now
    }
  }

  /** Returns the size of a message, or a little less. */
  static long bytes(String subject, byte[] payload) {
    return MESSAGE_BYTES + subject.length() + payload.length;
  }

  private void sendAnswers(ExecutorService threads) {
    try {
      threads.execute(() -> answers.send());
    } catch (RejectedExecutionException e) {
      // The link is closed.
    }
  }

  private void answer(String subject, byte[] payload) {
    if (payload.length < NatsAnswers.LARGE_BYTES) {
      publish(subject, payload, MAX_QUEUED_ANSWERS);
    } else {
      answers.add(subject, payload);
    }
  }

  void subscribe(Registered each) {
    try {
      Lane lane = lane(each.pattern());
      MessageHandler handler =
          message -> lane.queue().process(queuedNanos -> receive(each, message, queuedNanos));
      subscriptions.put(each, lane.dispatcher().subscribe(each.pattern(), handler));
    } catch (IllegalStateException e) {
      // The connection was lost just now.
    }
  }

  private Lane lane(String pattern) {
    int other = 1 + Math.floorMod(pattern.hashCode(), DISPATCHERS - 1);
    return lanes.get(pattern.contains(Subjects.ANY) ? 0 : other);
  }

  void unsubscribe(Registered each) {
    Subscription subscription = subscriptions.remove(each);
    if (subscription != null) {
      try {
        lane(each.pattern()).dispatcher().unsubscribe(subscription);
      } catch (IllegalStateException e) {
        // The connection was lost just now.
      }
    }
  }

  private void receive(Registered to, Message message, long queuedNanos) {
    String reply = message.getReplyTo();
    boolean isOfSender = Subjects.isInbox(reply, Subjects.lastToken(message.getSubject()));
    try {
      to.receiver()
          .onMessage(
              new Link.Message(
                  message.getSubject(),
                  message.getData(),
                  answer -> {
                    if (isOfSender) {
                      answer(reply, answer);
                    }
                  },
                  queuedNanos));
    } catch (RuntimeException | Error e) {
      failures.report("a message on " + message.getSubject(), e);
    }
  }

  /** Sends a request and waits for the answer, like {@link Link#request}. */
  byte[] request(String subject, byte[] payload, Duration timeout)
      throws Link.NoReplyException, InterruptedException {
    CompletableFuture<Message> answer = null;
    try {
      answer = connection.requestWithTimeout(subject, payload, timeout);
      CompletableFuture.anyOf(answer, events.lost()).get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (answer.isDone()) {
        return answer.join().getData();
      }
    } catch (TimeoutException e) {
      throw new Link.NoReplyException("no answer within %d ms".formatted(timeout.toMillis()));
    } catch (ExecutionException | CancellationException | CompletionException e) {
      if (!events.lost().isDone()) {
        throw new Link.NoReplyException("nobody has subscribed to its requests");
      }
    } catch (IllegalStateException e) {
      // The connection was lost just now.
    } finally {
      if (answer != null) {
        answer.cancel(false);
      }
    }
    throw new Link.NoReplyException("the connection to nats-server is lost");
  }

  /** Sends what is queued, if that takes less than 200 ms, and closes the connection. */
  void close() {
    try {
      if (!events.lost().isDone()) {
        connection.flush(FLUSH_TIMEOUT);
      }
    } catch (TimeoutException | IllegalStateException e) {
      // It is closed all the same.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      connection.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
