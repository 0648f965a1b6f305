package dev.lavalier.fleet.nats;

import dev.lavalier.access.InvalidFileException;
import dev.lavalier.common.FailureLog;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.Link;
import dev.lavalier.fleet.nats.NatsSession.Registered;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * A link over nats-server. It connects in the background, and again for ever when the connection is
 * lost or refused: first after 0.1 to 0.2 s, later after up to 1.1 s, after a refusal 2 s later. A
 * connection that was lost within 1 s counts as an attempt. The files of keys and certificates are
 * read again each time. Each change is one line in the log.
 *
 * <p>A message is dropped if there is no connection, if 64 messages wait to be sent and it is a
 * block, or if it is larger than nats-server allows. Nothing that waited is sent on a later
 * connection.
 *
 * <p>Safe for use from any thread. Only {@link #request}, {@link #recorded} and {@link #close}
 * block.
 */
public final class NatsLink implements Link, AutoCloseable {

  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final long MAX_PAUSE_MILLIS = 1_000;

  /** After a connection that lasted so long, the next one is made soon. */
  private static final long STABLE_NANOS = 1_000_000_000L;

  private static final long REFUSED_PAUSE_MILLIS = 2_000;
  private static final long MAX_JITTER_MILLIS = 100;
  private static final long CLOSE_SECONDS = 2;

  private static final Duration RECORDING_RETRY = Duration.ofMinutes(1);

  private final NatsOptions options;
  private final TimeSource time;
  private final NatsLog log;
  private final FailureLog failures;
  private final ExecutorService threads;
  private final ScheduledExecutorService timer;
  private final NatsConnector connector;
  private final CompletableFuture<@Nullable Void> closing = new CompletableFuture<>();
  private final CountDownLatch ended = new CountDownLatch(1);
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private final List<Runnable> connectedListeners = new CopyOnWriteArrayList<>();
  private final List<Registered> registered = new CopyOnWriteArrayList<>(); // changed under this
  private volatile boolean recording;
  private final AtomicReference<@Nullable NatsSession> session = new AtomicReference<>();

  private NatsLink(NatsOptions options, boolean headers, TimeSource time) {
    this.options = options;
    this.time = time;
    this.log = new NatsLog(time);
    this.failures =
        new FailureLog(
            time, LoggerFactory.getLogger(NatsLink.class), "the processing of a message");
    ThreadFactory factory = daemons();
    this.threads = Executors.newCachedThreadPool(factory);
    this.timer = Executors.newSingleThreadScheduledExecutor(factory);
    this.connector = new NatsConnector(options, headers, threads, timer);
  }

  /** Creates a link that connects in the background. Does not block. */
  public static NatsLink connect(NatsOptions options, TimeSource time) {
    return started(new NatsLink(options, true, time));
  }

  /**
   * Creates a link of a node, like {@link #connect}. It gets no headers, which the sender of a
   * message chooses. So it learns only after the timeout that nobody answers a {@link #request}.
   */
  public static NatsLink connectNode(NatsOptions options, TimeSource time) {
    return started(new NatsLink(options, false, time));
  }

  private static NatsLink started(NatsLink link) {
    link.threads.execute(link::run);
    return link;
  }

  private static ThreadFactory daemons() {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, "lavalier-fleet-" + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  private void run() {
    long pause = FIRST_PAUSE_MILLIS;
    try {
      do {
        try {
          NatsSession next =
              new NatsSession(connector, threads, log, failures, this::onDrained, time);
          long since = time.nanoTime();
          serve(next);
          boolean lasted = time.nanoTime() - since >= STABLE_NANOS;
          pause = lasted ? FIRST_PAUSE_MILLIS : Math.min(2 * pause, MAX_PAUSE_MILLIS);
        } catch (NatsConnector.RefusedException e) {
          log.failed(e.getMessage());
          pause = REFUSED_PAUSE_MILLIS;
        } catch (IOException | InvalidFileException | RuntimeException | Error e) {
          log.failed(String.valueOf(e.getMessage()));
          pause = Math.min(2 * pause, MAX_PAUSE_MILLIS);
        }
      } while (!closesWithin(pause + ThreadLocalRandom.current().nextLong(MAX_JITTER_MILLIS)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // close() ends the threads
    } finally {
      ended.countDown();
    }
  }

  private boolean closesWithin(long millis) throws InterruptedException {
    try {
      closing.get(millis, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private void serve(NatsSession next) throws InterruptedException {
    synchronized (this) {
      registered.forEach(next::subscribe);
      session.set(next);
    }
    log.connected(next.url(), next.version());
    // Not synchronized: the library calls this with its locks.
    var unused = next.lost().thenRun(() -> session.compareAndSet(next, null));
    notify(connectedListeners);
    notify(listeners);
    if (recording) {
      threads.execute(() -> createRecording(next));
    }
    if (next.isLostBefore(closing)) {
      log.lost(next.reason());
      threads.execute(next::close); // can take seconds
    } else {
      session.set(null);
      next.close();
    }
  }

  private void notify(List<Runnable> all) {
    for (Runnable each : all) {
      try {
        each.run();
      } catch (RuntimeException | Error e) {
        failures.report("a listener of the link", e);
      }
    }
  }

  @Override
  public boolean isConnected() {
    return session.get() != null;
  }

  @Override
  public boolean isReady() {
    NatsSession current = session.get();
    return current != null && current.isReady();
  }

  @Override
  public boolean isLate(long readNanos) {
    NatsSession current = session.get();
    return current != null && current.isLate(readNanos);
  }

  private void onDrained() {
    try {
      threads.execute(() -> notify(listeners));
    } catch (RejectedExecutionException e) {
      // The link is closed.
    }
  }

  @Override
  public void onReady(Runnable listener) {
    listeners.add(listener);
  }

  @Override
  public void onConnected(Runnable listener) {
    connectedListeners.add(listener);
  }

  @Override
  public void publish(String subject, byte[] payload) {
    NatsSession current = session.get();
    if (current != null) {
      current.publish(subject, payload);
    }
  }

  @Override
  public Registration subscribe(String pattern, Receiver receiver) {
    Registered added = new Registered(pattern, receiver);
    synchronized (this) {
      registered.add(added);
      NatsSession current = session.get();
      if (current != null) {
        current.subscribe(added);
      }
    }
    return () -> unsubscribe(added);
  }

  private synchronized void unsubscribe(Registered removed) {
    NatsSession current = session.get();
    if (registered.remove(removed) && current != null) {
      current.unsubscribe(removed);
    }
  }

  @Override
  public byte[] request(String subject, byte[] payload, Duration timeout)
      throws NoReplyException, InterruptedException {
    NatsSession current = session.get();
    if (current == null) {
      throw new NoReplyException("there is no connection to nats-server");
    }
    return current.request(subject, payload, timeout);
  }

  @Override
  public List<byte[]> recorded(String subject, Duration back, int maxBytes)
      throws InterruptedException {
    NatsSession current = session.get();
    return current == null
        ? List.of()
        : NatsRecords.read(current.connection(), subject, back, maxBytes);
  }

  /**
   * Makes nats-server record what this node publishes for recorded devices. If that is not
   * possible, logs one warning for each connection, and tries again each minute. Does not block.
   */
  public void startRecording() {
    recording = true;
    NatsSession current = session.get();
    if (current != null) {
      threads.execute(() -> createRecording(current));
    }
  }

  private void createRecording(NatsSession current) {
    if (current.lost().isDone()) {
      return;
    }
    try {
      NatsRecords.create(current.connection(), options.name());
      log.recorded(NatsRecords.stream(options.name()));
    } catch (IOException e) {
      log.violated(
          "its devices are not recorded (expected: jetstream in the configuration of nats-server,"
              + " and the permissions of the node): "
              + e.getMessage());
      time.schedule(
          RECORDING_RETRY,
          () -> {
            if (closing.isDone()) {
              return;
            }
            threads.execute(() -> createRecording(current));
          });
    }
  }

  /** Sends what is queued, and ends the connection. Takes 2 s at most. */
  @Override
  public void close() {
    closing.complete(null);
    try {
      boolean unused = ended.await(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    threads.shutdownNow();
    timer.shutdownNow();
  }
}
