package dev.lavalier.fleet.nats;

import dev.lavalier.fleet.Link;
import dev.lavalier.fleet.Subjects;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.JetStreamOptions;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.PullSubscribeOptions;
import io.nats.client.api.AckPolicy;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.ConsumerInfo;
import io.nats.client.api.DeliverPolicy;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Recordings of JetStream: one stream for each node that records a device. Live messages do not
 * depend on it. All methods block.
 */
final class NatsRecords {

  /** How long a message is kept, unless the operator has created the stream. */
  static final Duration MAX_AGE = Duration.ofMinutes(5);

  private static final long MAX_BYTES = 256L << 20; // of a node

  /** Somewhat more than the blocks of 10 ms in this time: no device can displace another. */
  private static final long MAX_MESSAGES_OF_DEVICE = 33_000;

  /** The time in which a reader has what it reads, or continues without it. */
  private static final Duration READ_TIMEOUT = Duration.ofMillis(500);

  private static final Duration CREATE_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration READER_EXPIRES = Duration.ofSeconds(5);
  private static final int BATCH = 256;
  private static final int OTHER_CONFIGURATION = 10_058; // a stream with this name exists
  private static final String LAST = "$JS.API.DIRECT.GET.%s.%s";
  private static final String TIME = "Nats-Time-Stamp";

  private NatsRecords() {}

  /** Returns the name of the stream of a node. */
  static String stream(String node) {
    return "LAV_REC_" + node;
  }

  /**
   * Creates the stream of a node. A stream that exists stays as it is: its operator can have
   * changed its limits.
   *
   * @throws IOException if that is not possible; its message is for the operator
   */
  static void create(Connection connection, String node) throws IOException {
    StreamConfiguration wanted =
        StreamConfiguration.builder()
            .name(stream(node))
            .subjects(Subjects.recordedBy(node))
            .storageType(StorageType.File)
            .discardPolicy(DiscardPolicy.Old)
            .maxAge(MAX_AGE)
            .maxBytes(MAX_BYTES)
            .maxMessagesPerSubject(MAX_MESSAGES_OF_DEVICE)
            .noAck(true) // an answer to each block is of no use
            .allowDirect(true)
            .denyDelete(true)
            .build();
    try {
      var unused = management(connection, CREATE_TIMEOUT).addStream(wanted);
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() != OTHER_CONFIGURATION) {
        throw new IOException(e.getMessage(), e);
      }
    } catch (RuntimeException | StackOverflowError e) { // the library does not check answers
      throw new IOException("the connection was lost, or the answer is malformed: " + e, e);
    }
  }

  private static JetStreamManagement management(Connection connection, Duration timeout)
      throws IOException {
    return connection.jetStreamManagement(
        JetStreamOptions.builder().requestTimeout(timeout).build());
  }

  /** Reads messages, like {@link Link#recorded}. */
  static List<byte[]> read(Connection connection, String subject, Duration back, int maxBytes)
      throws InterruptedException {
    String stream = stream(Subjects.lastToken(subject.substring(0, subject.lastIndexOf('.'))));
    long end = System.nanoTime() + READ_TIMEOUT.toNanos();
    Deque<byte[]> messages = new ArrayDeque<>();
    try {
      ConsumerInfo reader =
          management(connection, left(end))
              .createConsumer(
                  stream,
                  ConsumerConfiguration.builder()
                      .filterSubject(subject)
                      .deliverPolicy(DeliverPolicy.ByStartTime)
                      .startTime(lastTime(connection, stream, subject, end).minus(back))
                      .ackPolicy(AckPolicy.None)
                      .inactiveThreshold(READER_EXPIRES)
                      .memStorage(true)
                      .numReplicas(1)
                      .build());
      JetStreamSubscription subscription =
          connection
              .jetStream()
              .subscribe(null, PullSubscribeOptions.fastBind(stream, reader.getName()));
      try {
        read(subscription, reader.getCalculatedPending(), end, maxBytes, messages);
      } finally {
        subscription.unsubscribe(); // the reader expires
      }
    } catch (IOException
        | JetStreamApiException
        | RuntimeException // the connection was lost, or an answer is malformed
        | StackOverflowError // it is nested too deeply
        | TimeoutException e) {
      // What was read so far is better than nothing. Live audio does not wait.
    }
    return List.copyOf(messages);
  }

  private static void read(
      JetStreamSubscription subscription,
      long pending,
      long end,
      int maxBytes,
      Deque<byte[]> messages)
      throws TimeoutException {
    long missing = pending;
    int bytes = 0;
    while (missing > 0) {
      List<Message> batch = subscription.fetch((int) Math.min(missing, BATCH), left(end));
      if (batch.isEmpty()) {
        return;
      }
      missing -= batch.size();
      for (Message message : batch) {
        byte[] payload = message.getData();
        messages.add(payload);
        bytes += payload.length;
        while (bytes > maxBytes) {
          bytes -= messages.remove().length;
        }
      }
    }
  }

  /**
   * Returns when the newest message of a subject was recorded, by the clock of nats-server. So the
   * clock of this machine does not count.
   */
  private static ZonedDateTime lastTime(
      Connection connection, String stream, String subject, long end)
      throws IOException, InterruptedException, TimeoutException {
    CompletableFuture<Message> answer =
        connection.requestWithTimeout(LAST.formatted(stream, subject), null, left(end));
    try {
      Message last = answer.get(left(end).toNanos(), TimeUnit.NANOSECONDS);
      String time = last.hasHeaders() ? last.getHeaders().getFirst(TIME) : null;
      if (time == null) {
        throw new IOException("nothing is recorded");
      }
      return ZonedDateTime.parse(time);
    } catch (ExecutionException | CancellationException e) {
      throw new IOException("there is no recording", e);
    }
  }

  private static Duration left(long end) throws TimeoutException {
    long nanos = end - System.nanoTime();
    if (nanos < 1_000_000) {
      throw new TimeoutException("recorded messages are late");
    }
    return Duration.ofNanos(nanos);
  }
}
