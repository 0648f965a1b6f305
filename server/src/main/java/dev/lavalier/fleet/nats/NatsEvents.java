package dev.lavalier.fleet.nats;

import io.nats.client.Connection;
import io.nats.client.ConnectionListener;
import io.nats.client.Consumer;
import io.nats.client.ErrorListener;
import io.nats.client.Message;
import io.nats.client.impl.NatsStatistics;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What the client library reports about one connection. It calls the methods on any of its threads,
 * with its locks held, so none of them blocks or calls it.
 */
final class NatsEvents extends NatsStatistics implements ErrorListener, ConnectionListener {

  private static final int FEW = 16;
  private static final long FEW_BYTES = 64 << 10;

  private final NatsLog log;
  private final Runnable onDrained;
  private final Runnable onRoom;
  private final AtomicBoolean full = new AtomicBoolean(); // somebody waits for the queue
  private final CompletableFuture<@Nullable Void> lost = new CompletableFuture<>();
  private final AtomicBoolean waiting = new AtomicBoolean(); // large answers wait for room
  private final AtomicInteger queued = new AtomicInteger();
  private final AtomicLong queuedBytes = new AtomicLong(); // or a little less
  private volatile boolean connected; // to one of the servers
  private volatile @Nullable String error; // of nats-server, the last one
  private volatile @Nullable Throwable exception; // the last one

  /**
   * Creates events without any yet.
   *
   * @param onDrained called when the queue is short again, after {@link #isFull} returned true
   * @param onRoom called when the queue has room again, after {@link #hasRoom} returned false
   */
  NatsEvents(NatsLog log, Runnable onDrained, Runnable onRoom) {
    this.log = log;
    this.onDrained = onDrained;
    this.onRoom = onRoom;
  }

  /** Returns what completes when the connection is lost. */
  CompletableFuture<@Nullable Void> lost() {
    return lost;
  }

  /**
   * Returns how many messages wait to be sent. It is not exact, because the library reports its own
   * messages as sent, too. To ask the library for the number could block.
   */
  int queued() {
    return queued.get();
  }

  /** Returns whether so many messages wait. If so, their sender is called when few of them do. */
  boolean isFull(int messages) {
    if (queued.get() < messages) {
      return false;
    }
    full.set(true);
    return queued.get() > FEW || !full.compareAndSet(true, false);
  }

  /** Returns whether few messages and few bytes wait. If not, {@code onRoom} is called later. */
  boolean hasRoom() {
    if (isShort()) {
      return true;
    }
    waiting.set(true);
    return isShort() && waiting.compareAndSet(true, false);
  }

  private boolean isShort() {
    return queued.get() <= FEW && queuedBytes.get() < FEW_BYTES;
  }

  /** Counts a message that is passed to the library. */
  void onQueued(long bytes) {
    queued.incrementAndGet();
    queuedBytes.addAndGet(bytes);
  }

  /** Counts a message that is not queued any more. */
  void onSent(long bytes) {
    queuedBytes.updateAndGet(n -> Math.max(0, n - bytes));
    int left = queued.updateAndGet(n -> Math.max(0, n - 1));
    if (left <= FEW && full.compareAndSet(true, false)) {
      onDrained.run();
    }
    if (isShort() && waiting.compareAndSet(true, false)) {
      onRoom.run();
    }
  }

  @Override
  public void incrementOut(long bytes) {
    super.incrementOut(bytes);
    onSent(bytes);
  }

  /** Returns why there is no connection, in a few words. */
  String reason() {
    String said = error;
    Throwable cause = exception;
    if (said != null || cause == null) {
      return said == null ? "it was closed" : said;
    }
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof TimeoutException) {
      return "no answer within %d s; if nats-server refuses the certificate, its log says why"
          .formatted(NatsConnector.CONNECT_TIMEOUT.toSeconds());
    }
    String message = cause.getMessage();
    if ("Read channel closed.".equals(message)) {
      return "nats-server closed it";
    }
    return message == null || message.isEmpty() ? cause.getClass().getSimpleName() : message;
  }

  @Override
  @SuppressWarnings("deprecation") // the library has no other one that is abstract
  public void connectionEvent(Connection of, Events event) {
    if (event == Events.CONNECTED) {
      connected = true;
      error = null; // those of servers that were tried before
      exception = null;
    } else if (connected && (event == Events.DISCONNECTED || event == Events.CLOSED)) {
      lost.complete(null);
    }
  }

  @Override
  public void errorOccurred(Connection of, String text) {
    if (text.toLowerCase(Locale.ROOT).startsWith("permissions violation")) {
      log.violated("nats-server refuses: " + text);
    } else {
      error = text;
    }
  }

  @Override
  public void exceptionOccurred(Connection of, Exception e) {
    if (!(e instanceof CancellationException)) { // a consequence of another one
      exception = e;
    }
  }

  /** Runs what reads from the connection. Without it, the connection is lost at once. */
  void onReader(Runnable reader) {
    try {
      reader.run();
    } catch (RuntimeException e) {
      exception = new IOException("a message that cannot be read: " + e.getMessage());
      if (connected) {
        lost.complete(null);
      }
    }
  }

  @Override
  public void slowConsumerDetected(Connection of, Consumer consumer) {
    log.violated("more messages arrive than this server can process; it drops some");
  }

  @Override
  public void messageDiscarded(Connection of, Message message) {
    onSent(NatsSession.bytes(message.getSubject(), message.getData()));
  }
}
