package dev.lavalier.fleet.nats;

import com.google.common.util.concurrent.ForwardingExecutorService;
import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.access.InvalidFileException;
import dev.lavalier.common.LogText;
import dev.lavalier.fleet.Subjects;
import io.nats.client.AuthHandler;
import io.nats.client.AuthenticationException;
import io.nats.client.Connection;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.support.ServerVersion;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * Makes connections to nats-server. Reads the files of keys and certificates for each one. The
 * client library does not make a lost connection again.
 *
 * <p>Safe for use from any thread. Only {@link #connect} blocks.
 */
final class NatsConnector {

  /** The oldest version that can drop a message for a slow edge only, and does not stall nodes. */
  private static final String OLDEST_ENGINE = "2.10.26";

  /** Has room for the subscriptions of all devices, too: the library would wait for it. */
  private static final int QUEUE_CAPACITY = 2_048;

  /** The maximum number of characters of the version of nats-server. */
  private static final int MAX_VERSION = 64;

  static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration PING_INTERVAL = Duration.ofSeconds(1);
  private static final int MAX_PINGS = 3; // one is of NatsRoundTrip
  private static final int SEND_BUFFER = 64 << 10;
  private static final int RECEIVE_BUFFER = 256 << 10;

  /** nats-server adds a number to the longest line that it accepts from a sender, 4 KiB. */
  private static final int MAX_CONTROL_LINE = 64 << 10;

  /** Says that nats-server refused this server, or the reverse. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
      super(message);
    }
  }

  private final NatsOptions options;
  private final boolean headers;
  private final ExecutorService threads;
  private final ScheduledExecutorService timer;

  /**
   * Creates a connector that has not connected.
   *
   * @param headers whether messages have headers; without them, nobody says that there is no
   *     receiver
   * @param threads the threads of the connections
   * @param timer for the pings of the connections
   */
  NatsConnector(
      NatsOptions options,
      boolean headers,
      ExecutorService threads,
      ScheduledExecutorService timer) {
    this.options = options;
    this.headers = headers;
    this.threads = threads;
    this.timer = timer;
  }

  /**
   * Connects to one of the servers.
   *
   * @param events gets what the client library reports, also before this method returns
   * @throws RefusedException if nats-server refuses the key, or is too old
   * @throws IOException if there is no connection
   * @throws InvalidFileException if a file of keys or certificates cannot be used
   */
  Connection connect(NatsEvents events)
      throws IOException, InterruptedException, InvalidFileException {
    Connection connection = connectToAny(events);
    String version = version(connection);
    if (!options.oldEngine() && !ServerVersion.isSameOrNewer(version, OLDEST_ENGINE)) {
      connection.close();
      throw new RefusedException(
          "nats-server %s (expected: %s or newer, or --fleet-old-engine)"
              .formatted(version, OLDEST_ENGINE));
    }
    return connection;
  }

  private Connection connectToAny(NatsEvents events)
      throws IOException, InterruptedException, InvalidFileException {
    Nkey key = options.nkeySeed().isEmpty() ? null : Nkey.read(options.nkeySeed().get());
    try {
      return Nats.connect(build(key, events));
    } catch (AuthenticationException e) {
      throw new RefusedException(
          "nats-server refuses %s (expected: a user of its configuration): %s"
              .formatted(key == null ? options.name() + " without a key" : key, events.reason()));
    } catch (IOException e) {
      throw new IOException(
          "no connection to %s, trying again: %s"
              .formatted(String.join(", ", options.servers()), events.reason()),
          e);
    }
  }

  private Options build(@Nullable Nkey key, NatsEvents events) throws InvalidFileException {
    Options.Builder builder =
        new Options.Builder()
            .servers(options.servers().toArray(new String[0]))
            .ignoreDiscoveredServers()
            // Keeps the name of the server, which its certificate has.
            .hostnameResolveMode(Options.HostnameResolveMode.HappyEyeballs)
            .connectionName("lavalier " + options.name())
            .inboxPrefix(Subjects.inbox(options.name()))
            .maxControlLine(MAX_CONTROL_LINE)
            .noEcho()
            .noReconnect()
            .reconnectBufferSize(0)
            .maxMessagesInOutgoingQueue(QUEUE_CAPACITY)
            .discardMessagesWhenOutgoingQueueFull()
            .sendBufferSize(SEND_BUFFER)
            .receiveBufferSize(RECEIVE_BUFFER)
            .pingInterval(PING_INTERVAL)
            .maxPingsOut(MAX_PINGS)
            .connectionTimeout(CONNECT_TIMEOUT)
            .socketWriteTimeout(WRITE_TIMEOUT)
            .executor(threads)
            .connectExecutor(threads)
            .readerExecutor(reportingTo(events))
            .writerExecutor(threads)
            .scheduledExecutor(timer)
            .callbackExecutor(MoreExecutors.newDirectExecutorService())
            .errorListener(events)
            .connectionListener(events)
            .statisticsCollector(events);
    if (!headers) {
      builder.noHeaders().noNoResponders();
    }
    if (key != null) {
      builder.authHandler(authentication(key));
    }
    if (options.usedTls().isPresent()) {
      builder.sslContext(options.usedTls().get().context());
    }
    return builder.build();
  }

  /** Reports a message that ends the thread of the library that reads: the library does not. */
  private ExecutorService reportingTo(NatsEvents events) {
    return new ForwardingExecutorService() {
      @Override
      protected ExecutorService delegate() {
        return threads;
      }

      @Override
      public <T> Future<T> submit(Runnable reader, T result) {
        return threads.submit(() -> events.onReader(reader), result);
      }
    };
  }

  private static AuthHandler authentication(Nkey key) {
    return new AuthHandler() {
      @Override
      public byte[] sign(byte[] nonce) {
        return key.sign(nonce);
      }

      @Override
      public char[] getID() {
        return key.publicKey().toCharArray();
      }

      @Override
      public char @Nullable [] getJWT() {
        return null;
      }
    };
  }

  /**
   * Returns the version of nats-server, cut to 64 characters that can be logged; "?" if unknown.
   */
  static String version(Connection connection) {
    String version = connection.getServerInfo().getVersion();
    return version == null ? "?" : LogText.sanitizeAndTruncate(version, MAX_VERSION);
  }
}
