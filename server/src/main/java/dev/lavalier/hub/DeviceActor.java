package dev.lavalier.hub;

import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.DeviceLifecycle.Action;
import dev.lavalier.hub.DeviceLifecycle.Event;
import dev.lavalier.hub.DeviceLifecycle.Need;
import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.PipelineListener;
import dev.lavalier.pipeline.StreamMetrics;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Manages one device, as an actor. Subscriptions, cancellations, and the opening, loss and closing
 * of the device are messages to a serial executor. Only that executor accesses the fields, so there
 * is no lock. {@link DeviceLifecycle} decides on the action for a message; this class carries it
 * out.
 *
 * <p>Calls into the sound system may block for ever, so they run on a worker, and their results are
 * messages ({@link DeviceCalls}). The methods of {@link PipelineListener} run on the capture thread
 * and post messages.
 */
final class DeviceActor implements PipelineListener {

  private static final Logger log = LoggerFactory.getLogger(DeviceActor.class);

  private static final Duration RETRY_DELAY = Duration.ofMillis(250);
  private static final Duration MAX_RETRY_DELAY = Duration.ofSeconds(5);

  /** Limits the threads that a broken driver can block: at the maximum delay, 24 per day. */
  private static final Duration RECOVERY_DELAY = Duration.ofMinutes(1);

  private static final Duration MAX_RECOVERY_DELAY = Duration.ofHours(1);

  private final String deviceId;
  private final DeviceServices services;
  private final Executor mailbox;
  private final StreamMetrics streamMetrics;

  private final DeviceLifecycle lifecycle = new DeviceLifecycle();
  private final DeviceSubscribers subscribers;
  private final DeviceCalls calls;
  private final RetryTimer retries;
  private final RetryTimer recoveries;
  private @Nullable OpenDevice openDevice; // null: not open
  private @Nullable OpenDevice closing; // null: no closing has to be reported
  private long lostSince;
  private long lastEpoch;
  private boolean keptOpen; // an always-on device
  private @Nullable CompletableFuture<Void> stopped; // null: not stopping; set once

  private final PublishedState published;
  private volatile @Nullable DeviceDescriptor lastOpened;

  DeviceActor(String deviceId, DeviceServices services) {
    this.deviceId = deviceId;
    this.services = services;
    this.mailbox = MoreExecutors.newSequentialExecutor(services.workers());
    this.streamMetrics = services.observer().streamMetrics(deviceId);
    this.published = new PublishedState(services.onChange());
    this.subscribers = new DeviceSubscribers(deviceId, services.timeSource());
    this.calls =
        new DeviceCalls(
            deviceId,
            services.timeSource(),
            services.workers(),
            this::post,
            this::onCallTimeout,
            () -> handle(Event.LATE_ANSWER));
    this.retries =
        new RetryTimer(RETRY_DELAY, MAX_RETRY_DELAY, this::schedule, () -> handle(Event.RETRY));
    this.recoveries =
        new RetryTimer(
            RECOVERY_DELAY, MAX_RECOVERY_DELAY, this::schedule, () -> handle(Event.RECOVERY));
  }

  // Methods that any thread may call.

  void subscribe(Subscription subscription) {
    post(() -> onSubscribe(subscription));
  }

  void cancel(Subscription subscription) {
    post(() -> onCancel(subscription));
  }

  /**
   * Keeps the device open for its history until the hub stops. It is opened again after each loss.
   */
  void keepOpen() {
    post(
        () -> {
          keptOpen = true;
          log.info(
              "{}: always on; the server keeps the last {} s of audio",
              deviceId,
              services.history().toMillis() / 1e3);
          handle(Event.NEEDED);
        });
  }

  /** Reports that the list of devices has changed. A lost device may have returned. */
  void onDevicesChanged() {
    post(() -> handle(Event.RETRY));
  }

  /**
   * Ends all subscriptions and closes the device. The future completes when the device is closed.
   */
  CompletableFuture<Void> stop() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    post(() -> onStop(done));
    return done;
  }

  StreamMetrics streamMetrics() {
    return streamMetrics;
  }

  PublishedState published() {
    return published;
  }

  /** Returns the device as it was when it was opened last; null if it was never opened. */
  @Nullable DeviceDescriptor lastOpened() {
    return lastOpened;
  }

  /**
   * Posts a message. Returns false if the hub is closed: all subscriptions have ended, and messages
   * are ignored.
   */
  private boolean post(Runnable message) {
    try {
      mailbox.execute(
          () -> {
            message.run();
            publish();
          });
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  /** Called after each message, and before a subscriber is notified of the state. */
  private void publish() {
    published.update(lifecycle.publicState(), subscribers.size());
  }

  // Events and actions.

  private Need need() {
    if (stopped != null) {
      return Need.STOPPING;
    } else if (subscribers.hasActive()) {
      return Need.ACTIVE;
    } else if (subscribers.hasPending()) {
      return Need.PENDING;
    }
    return keptOpen || subscribers.hasAwaitingDevice() ? Need.RETURN : Need.NONE;
  }

  private void handle(Event event) {
    handle(event, "no subscriptions left");
  }

  /**
   * Makes a transition and carries out its action.
   *
   * @param closingReason why the device is closed, if it is, in a few words for the audit log
   */
  private void handle(Event event, String closingReason) {
    Action action = lifecycle.on(event, need());
    switch (action) {
      case NONE -> {}
      case OPEN -> open();
      case CLOSE -> close(closingReason);
      case ACTIVATE -> activate();
      case SCHEDULE_RETRY -> retries.schedule();
      case REFUSE -> refusePending(notResponding(), null);
      case REFUSE_AND_SCHEDULE_RECOVERY -> {
        recoveries.schedule();
        refusePending(notResponding(), null);
      }
      case REFUSE_STOPPING -> refusePending(Hub.stoppingReason(), Notice.Kind.SERVER_STOPPING);
      case FINISH_STOP -> {
        if (stopped != null) {
          stopped.complete(null);
        }
      }
    }
  }

  private void schedule(Duration delay, Runnable message) {
    services.timeSource().schedule(delay, () -> post(message));
  }

  // Subscriptions.

  private void onSubscribe(Subscription subscription) {
    if (subscription.isClosed()) {
      return; // its cancellation may have arrived before this message
    }
    subscribers.add(subscription);
    handle(Event.NEEDED);
  }

  private void onCancel(Subscription subscription) {
    boolean wasActive = subscribers.remove(subscription);
    handle(Event.LEFT);
    if (wasActive && openDevice != null) {
      subscribers.updatePipeline(openDevice.pipeline);
    }
  }

  private void onStop(CompletableFuture<Void> done) {
    stopped = done;
    DeviceSubscribers.closeAll(
        subscribers.drainAll(), Hub.stoppingReason(), Notice.Kind.SERVER_STOPPING);
    handle(Event.STOP, "the server is stopping");
  }

  private void refusePending(StreamException reason, Notice.@Nullable Kind notice) {
    List<Subscription> refused = subscribers.drainPending();
    publish();
    DeviceSubscribers.closeAll(refused, reason, notice);
  }

  private StreamException notResponding() {
    return new StreamException(
        Reason.DEVICE_BUSY,
        "%s is not responding: the sound system has not completed a call to open or close it; try again later"
            .formatted(deviceId));
  }

  private void activate() {
    subscribers.activate(openDevice, this::publish);
    handle(Event.LEFT); // possibly no subscription could be served
  }

  // Opening.

  private void open() {
    calls.start(
        DeviceCalls.Call.OPEN,
        () -> {
          try {
            Capture capture = services.devices().open(deviceId);
            return new DeviceCalls.Answer(() -> onOpened(capture), capture::close);
          } catch (StreamException e) {
            return refused(e);
          } catch (RuntimeException | Error e) { // the actor must get an answer in any case
            log.warn("{}: opening failed", deviceId, e);
            return refused(
                new StreamException(
                    Reason.DEVICE_BUSY,
                    "%s did not open; the sound system reports: %s"
                        .formatted(deviceId, e.getMessage()),
                    e));
          }
        });
  }

  private DeviceCalls.Answer refused(StreamException reason) {
    return new DeviceCalls.Answer(() -> onRefused(reason), () -> {});
  }

  private void onRefused(StreamException reason) {
    // Failed retries for a lost or always-on device are logged only if a new subscription waits.
    boolean retrying = lifecycle.isLost() || (keptOpen && retries.wasUsed());
    if (subscribers.hasPending() || !retrying) {
      log.info("{}: not opened: {}", deviceId, reason.getMessage());
    }
    List<Subscription> refused = subscribers.drainPending();
    handle(Event.REFUSED);
    publish();
    DeviceSubscribers.closeAll(refused, reason, null);
  }

  private void onOpened(Capture capture) {
    OpenDevice opened;
    try {
      opened = startEpoch(capture);
    } catch (RuntimeException | Error e) {
      log.warn("{}: opening failed", deviceId, e);
      onRefused(
          new StreamException(Reason.DEVICE_BUSY, "%s did not open: %s".formatted(deviceId, e), e));
      services.workers().execute(capture::close);
      return;
    }
    openDevice = opened;
    handle(Event.OPENED, stopped == null ? "no subscriptions left" : "the server is stopping");
    if (openDevice == opened) {
      capture.start(opened.pipeline);
      scheduleProgressCheck(opened);
    }
  }

  /** Creates the objects of an epoch and reports that the device is open. */
  private OpenDevice startEpoch(Capture capture) {
    // Always greater than the last epoch, even if two openings happen in one microsecond or the
    // clock was set back.
    lastEpoch =
        capture.epoch().orElse(Math.max(lastEpoch + 1, services.timeSource().unixNanos() / 1000));
    OpenDevice opened = new OpenDevice(deviceId, capture, lastEpoch, services, this, streamMetrics);
    lastOpened = capture.device();
    log.debug("{}: open in {}, epoch {}", deviceId, capture.format(), lastEpoch);
    services.observer().onOpened(deviceId, capture.format(), lastEpoch);
    return opened;
  }

  // Events of the capture thread.

  @Override
  public void onFirstPeriod(CapturePipeline pipeline) {
    post(() -> ifCurrent(pipeline, this::onAudio));
  }

  @Override
  public void onOverrun(CapturePipeline pipeline, long samples) {
    log.warn("{}: the device lost about {} samples", deviceId, samples);
    services.observer().onOverrun(deviceId, samples, pipeline.format());
  }

  @Override
  public void onSilence(CapturePipeline pipeline, boolean silent) {
    post(
        () ->
            ifCurrent(
                pipeline,
                () -> {
                  openDevice.silent = silent;
                  if (silent) {
                    subscribers.notifySilence();
                  }
                }));
  }

  @Override
  public void onLost(CapturePipeline pipeline, String reason) {
    post(() -> ifCurrent(pipeline, () -> lose(reason)));
  }

  private void ifCurrent(CapturePipeline pipeline, Runnable message) {
    if (openDevice != null && openDevice.pipeline == pipeline) {
      message.run();
    } // otherwise it is already being closed
  }

  private void onAudio() {
    if (lifecycle.isLost()) {
      Duration outage = Duration.ofNanos(services.timeSource().nanoTime() - lostSince);
      log.warn("{}: back after {} s, epoch {}", deviceId, outage.toSeconds(), lastEpoch);
      services.observer().onRecovered(deviceId, outage);
    }
    retries.reset();
    handle(Event.FIRST_PERIOD);
  }

  /** Schedules the next progress check. It is the only way to detect a read that never returns. */
  private void scheduleProgressCheck(OpenDevice checked) {
    schedule(ProgressMonitor.CHECK_INTERVAL, () -> checkProgress(checked));
  }

  private void checkProgress(OpenDevice checked) {
    if (openDevice != checked) {
      return;
    }
    if (checked.progress.isLost()) {
      lose("no audio for %d s".formatted(checked.progress.timeout().toSeconds()));
      return;
    }
    OptionalDouble ppm = checked.capture.clockPpm();
    ppm.ifPresent(streamMetrics::onClock);
    subscribers.notifyClock(checked, ppm);
    scheduleProgressCheck(checked);
  }

  private void lose(String reason) {
    if (!lifecycle.isLost()) { // not again if it opens and fails at once
      log.warn("{}: lost: {}", deviceId, reason);
      services.observer().onLost(deviceId, reason);
      lostSince = services.timeSource().nanoTime();
    }
    StreamException failure =
        new StreamException(Reason.DEVICE_LOST, "%s was lost: %s".formatted(deviceId, reason));
    Notice notice = new Notice(Notice.Kind.DEVICE_LOST, failure.getMessage());
    List<Subscription> failing = subscribers.onDeviceLost();
    handle(Event.LOST, "lost: " + reason);
    publish();
    subscribers.notifyAwaiting(notice);
    DeviceSubscribers.closeAll(failing, failure, Notice.Kind.DEVICE_LOST);
  }

  // Closing.

  /** Stops the capture, joins its thread and releases the device, on a worker. */
  private void close(String reason) {
    OpenDevice closed = openDevice;
    closed.closingReason = reason;
    openDevice = null;
    closing = closed;
    calls.start(
        DeviceCalls.Call.CLOSE,
        () -> {
          closed.close();
          closed.notifyClosed(true);
          return new DeviceCalls.Answer(this::onClosed, () -> {});
        });
  }

  private void onClosed() {
    closing = null;
    recoveries.reset();
    handle(Event.CLOSED);
  }

  private void onCallTimeout() {
    if (closing != null) {
      closing.notifyClosed(false);
      closing = null;
    }
    handle(Event.TIMEOUT);
  }
}
