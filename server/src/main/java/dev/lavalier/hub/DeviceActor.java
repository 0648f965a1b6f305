package dev.lavalier.hub;

import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.audio.CaptureException;
import dev.lavalier.audio.CaptureException.Reason;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.Ticker;
import dev.lavalier.capture.CaptureLine;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.DeviceRegistry;
import dev.lavalier.capture.Reader;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One device, as an actor: subscribing, leaving, opening, losing and closing are messages to a
 * serial executor, and every field is touched by that alone. There is no lock and no lock order.
 *
 * <pre>
 *            subscribe              opened
 *   CLOSED ------------> OPENING -----------> OPEN ---------------.
 *     ^                     |  refused         |  last one left    | line gave out
 *     |                     v                  v                   v
 *     '------------------ CLOSED <--closed-- CLOSING            LOST --closed--> CLOSED
 * </pre>
 *
 * <p>Whoever subscribes while the device is being closed waits for a clean new epoch. Calls into
 * the sound system may block, so they run on a worker and answer with a message.
 */
final class DeviceActor {

  private static final Logger log = LoggerFactory.getLogger(DeviceActor.class);

  /** How long a stopped reader may take to end before that is reported. */
  private static final Duration JOIN_BOUND = Duration.ofSeconds(2);

  /** What every device of a hub shares. */
  record Context(
      DeviceRegistry registry,
      Ticker ticker,
      FrameEncoder encoder,
      Duration period,
      Duration buffer,
      Executor workers) {}

  private final String deviceId;
  private final Context context;
  private final Executor mailbox;

  private final Set<Subscription> waiting = new LinkedHashSet<>();
  private final Set<Subscription> served = new LinkedHashSet<>();
  private DeviceState state = DeviceState.CLOSED;
  private Epoch epoch; // OPEN alone
  private Reader reader; // OPEN alone
  private CaptureLine line; // OPEN alone
  private long lastEpoch;
  private CompletableFuture<Void> stopped; // set once: the server is stopping

  private volatile DeviceState publishedState = DeviceState.CLOSED;
  private volatile int publishedCount;

  DeviceActor(String deviceId, Context context) {
    this.deviceId = deviceId;
    this.context = context;
    this.mailbox = MoreExecutors.newSequentialExecutor(context.workers());
  }

  // What others may call, from any thread.

  void subscribe(Subscription subscription) {
    post(() -> onSubscribe(subscription));
  }

  void leave(Subscription subscription) {
    post(() -> onLeave(subscription));
  }

  /** Ends every subscription and closes the device; done when it is closed. */
  CompletableFuture<Void> stop() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    post(() -> onStop(done));
    return done;
  }

  DeviceState state() {
    return publishedState;
  }

  int subscriberCount() {
    return publishedCount;
  }

  private void post(Runnable message) {
    try {
      mailbox.execute(
          () -> {
            message.run();
            publish();
          });
    } catch (RejectedExecutionException e) {
      // The hub is closed: every subscription has ended and every device is closed.
    }
  }

  /** Lets others see the state: after each message, and before a subscriber hears of it. */
  private void publish() {
    publishedState = state;
    publishedCount = waiting.size() + served.size();
  }

  // The messages.

  private void onSubscribe(Subscription subscription) {
    if (stopped != null) {
      endStopping(List.of(subscription));
      return;
    }
    switch (state) {
      case OPEN -> {
        served.add(subscription);
        serve(List.of(subscription));
      }
      case CLOSED -> {
        waiting.add(subscription);
        open();
      }
      default -> waiting.add(subscription);
    }
  }

  private void onLeave(Subscription subscription) {
    waiting.remove(subscription);
    if (served.remove(subscription)) {
      if (served.isEmpty()) {
        close(DeviceState.CLOSING);
      } else {
        epoch.serve(served);
      }
    }
  }

  private void onStop(CompletableFuture<Void> done) {
    stopped = done;
    endStopping(waiting);
    endStopping(served);
    waiting.clear();
    served.clear();
    if (state == DeviceState.OPEN) {
      close(DeviceState.CLOSING);
    } else if (state == DeviceState.CLOSED) {
      done.complete(null);
    } // else: what is under way ends with CLOSED, which completes it
  }

  private void endStopping(Iterable<Subscription> subscriptions) {
    String message = "the server is stopping; try again later";
    endAll(
        subscriptions,
        new CaptureException(Reason.SERVER_STOPPING, message),
        new Notice(Notice.Kind.SERVER_STOPPING, message));
  }

  private static void endAll(
      Iterable<Subscription> subscriptions, CaptureException reason, Notice notice) {
    for (Subscription subscription : subscriptions) {
      subscription.end(reason, Optional.ofNullable(notice));
    }
  }

  private void open() {
    state = DeviceState.OPENING;
    context
        .workers()
        .execute(
            () -> {
              try {
                DeviceDescriptor device = context.registry().resolve(deviceId);
                CaptureLine opened = context.registry().open(device, context.buffer().toNanos());
                post(() -> onOpened(opened));
              } catch (CaptureException e) {
                post(() -> onRefused(e));
              } catch (RuntimeException e) {
                log.warn("{}: opening failed", deviceId, e);
                post(
                    () ->
                        onRefused(
                            new CaptureException(
                                Reason.DEVICE_BUSY,
                                "device_id: %s (expected: a device that opens; the sound system says: %s)"
                                    .formatted(deviceId, e.getMessage()),
                                e)));
              }
            });
  }

  private void onRefused(CaptureException reason) {
    log.info("{}: not opened: {}", deviceId, reason.getMessage());
    List<Subscription> refused = List.copyOf(waiting);
    waiting.clear();
    becomeClosed();
    publish();
    endAll(refused, reason, null);
  }

  private void onOpened(CaptureLine opened) {
    PcmFormat format = opened.format();
    int periodSamples = (int) Math.max(1, format.samplesIn(context.period().toNanos()));
    // At least one more than the last: two openings may fall into one microsecond, or the clock
    // may have been set back.
    lastEpoch = Math.max(lastEpoch + 1, context.ticker().unixNanos() / 1000);
    line = opened;
    long number = lastEpoch;
    epoch = new Epoch(number, format, context.encoder(), seen -> post(() -> onLost(number, seen)));
    reader = new Reader(opened, deviceId, periodSamples, context.ticker(), epoch);
    state = DeviceState.OPEN;
    log.info("{}: open in {}, epoch {}", deviceId, format, lastEpoch);
    if (waiting.isEmpty()) { // they all left meanwhile
      close(DeviceState.CLOSING);
      return;
    }
    List<Subscription> fresh = List.copyOf(waiting);
    waiting.clear();
    served.addAll(fresh);
    serve(fresh);
    reader.start();
  }

  /** Begins subscriptions that are in {@link #served} already. */
  private void serve(List<Subscription> fresh) {
    epoch.serve(served);
    publish();
    for (Subscription subscription : fresh) {
      if (subscription.spec().format().equals(epoch.format())) {
        Framer framer = epoch.framerOf(subscription.spec().frameSize());
        framer.ring().ensureCapacity(subscription.spec().queueFrames() + 1);
        subscription.begin(epoch, framer);
      } else { // another device took the place of the one that was asked for
        subscription.end(
            new CaptureException(
                Reason.FORMAT_NOT_AVAILABLE,
                "format: %s (expected: %s, in which %s is captured now)"
                    .formatted(subscription.spec().format(), epoch.format(), deviceId)),
            Optional.empty());
        post(() -> onLeave(subscription));
      }
    }
  }

  private void onLost(long lostEpoch, String seen) {
    if (state != DeviceState.OPEN || epoch.number() != lostEpoch) {
      return; // it was being closed anyway
    }
    log.warn("{}: lost: {}", deviceId, seen);
    List<Subscription> bereft = List.copyOf(served);
    served.clear();
    close(DeviceState.LOST);
    publish();
    String message = "%s was lost: %s".formatted(deviceId, seen);
    endAll(
        bereft,
        new CaptureException(Reason.DEVICE_LOST, message),
        new Notice(Notice.Kind.DEVICE_LOST, message));
  }

  /** Stops the reader, joins it and gives the device back, on a worker. */
  private void close(DeviceState as) {
    state = as;
    Reader closingReader = reader;
    CaptureLine closingLine = line;
    reader = null;
    line = null;
    epoch = null;
    context.workers().execute(() -> closeNow(closingReader, closingLine));
  }

  private void closeNow(Reader closingReader, CaptureLine closingLine) {
    try {
      if (!closingReader.stop(JOIN_BOUND)) {
        log.warn("{}: its reader did not end within {}", deviceId, JOIN_BOUND);
      }
      closingLine.close();
    } catch (RuntimeException e) {
      log.warn("{}: closing failed", deviceId, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    post(this::onClosed);
  }

  private void onClosed() {
    log.info("{}: closed", deviceId);
    becomeClosed();
  }

  private void becomeClosed() {
    state = DeviceState.CLOSED;
    if (stopped != null) {
      stopped.complete(null);
    } else if (!waiting.isEmpty()) {
      open();
    }
  }
}
