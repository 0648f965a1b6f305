package dev.lavalier.hub;

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
import org.jspecify.annotations.Nullable;

/**
 * Manages one device, as an actor. Subscriptions, cancellations, and the opening, loss and closing
 * of the device are messages in a {@link Mailbox}. Only messages access the fields, so there is no
 * lock. {@link DeviceLifecycle} decides on the action for a message; this class carries it out. If
 * a message throws while the device is open, the device counts as lost, so that it is never open
 * without a capture thread and progress checks.
 *
 * <p>Calls into the sound system may block for ever, so they run on a worker, and their results are
 * messages ({@link DeviceCalls}). The events of the capture thread are messages, too ({@link
 * PostedCaptureEvents}).
 */
final class DeviceActor {

  private static final Duration RETRY_DELAY = Duration.ofMillis(250);
  private static final Duration MAX_RETRY_DELAY = Duration.ofSeconds(5);

  /** Limits the threads that a broken driver can block: at the maximum delay, 24 per day. */
  private static final Duration RECOVERY_DELAY = Duration.ofMinutes(1);

  private static final Duration MAX_RECOVERY_DELAY = Duration.ofHours(1);

  private final String deviceId;
  private final DeviceServices services;
  private final Mailbox mailbox;
  private final StreamMetrics streamMetrics;

  private final DeviceLifecycle lifecycle = new DeviceLifecycle();
  private final DeviceSubscribers subscribers;
  private final DeviceCalls calls;
  private final RetryTimer retries;
  private final RetryTimer recoveries;
  private final PipelineListener captureEvents;
  private final DeviceReporter reporter;
  private @Nullable OpenDevice openDevice; // null: not open
  private @Nullable OpenDevice closing; // null: no closing has to be reported
  private long lastEpoch;
  private boolean keptOpen; // an always-on device
  private boolean stopping;
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();

  private final PublishedState published;
  private volatile @Nullable DeviceDescriptor lastOpened;

  DeviceActor(String deviceId, DeviceServices services) {
    this.deviceId = deviceId;
    this.services = services;
    this.mailbox =
        new Mailbox(
            deviceId,
            services.timeSource(),
            services.workers(),
            this::onMessageFailed,
            this::publish);
    this.streamMetrics = services.observer().streamMetrics(deviceId);
    this.published = new PublishedState(services.onChange());
    this.subscribers = new DeviceSubscribers(deviceId, services);
    this.calls =
        new DeviceCalls(
            deviceId,
            services.workers(),
            mailbox,
            this::onCallTimeout,
            () -> handle(Event.ABANDONED_OVER));
    this.retries =
        new RetryTimer(RETRY_DELAY, MAX_RETRY_DELAY, mailbox::schedule, () -> handle(Event.RETRY));
    this.recoveries =
        new RetryTimer(
            RECOVERY_DELAY, MAX_RECOVERY_DELAY, mailbox::schedule, () -> handle(Event.RECOVERY));
    this.captureEvents = new PostedCaptureEvents(mailbox, new CaptureEvents());
    this.reporter = new DeviceReporter(deviceId, services);
  }

  // Methods that any thread may call.

  void subscribe(Subscription subscription) {
    mailbox.post(() -> onSubscribe(subscription));
  }

  void cancel(Subscription subscription) {
    mailbox.post(() -> onCancel(subscription));
  }

  /** Keeps the device open for its history until the hub stops. Opens it again after a loss. */
  void keepOpen() {
    mailbox.post(
        () -> {
          keptOpen = true;
          reporter.onKeptOpen();
          handle(Event.NEEDED);
        });
  }

  /** Reports that the list of devices has changed. A lost device may have returned. */
  void onDevicesChanged() {
    mailbox.post(() -> handle(Event.RETRY));
  }

  /**
   * Ends all subscriptions and closes the device. Further calls have no effect.
   *
   * @return completes when the device is closed
   */
  CompletableFuture<Void> stop() {
    mailbox.post(this::onStop);
    return stopped;
  }

  /** Returns the listener for captures of this device. Its methods only post messages. */
  PipelineListener captureEvents() {
    return captureEvents;
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

  /** Called after each message, and before a subscriber is notified of the state. */
  private void publish() {
    published.update(lifecycle.publicState(), subscribers.size(), openDevice);
  }

  // Events and actions.

  private Need need() {
    if (stopping) {
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
      case FINISH_STOP -> stopped.complete(null);
    }
  }

  /** Closes the device after an unexpected failure, so that it does not stay open without care. */
  private void onMessageFailed(Throwable failure) {
    if (openDevice != null) {
      lose("the server failed: " + failure);
    }
  }

  // Subscriptions.

  private void onSubscribe(Subscription subscription) {
    if (subscription.isClosed()) {
      return; // its cancellation may have arrived before this message
    }
    if (openDevice != null || subscribers.canStart(subscription, lastEpoch)) {
      subscribers.add(subscription);
      handle(Event.NEEDED);
    }
  }

  private void onCancel(Subscription subscription) {
    boolean wasActive = subscribers.remove(subscription);
    handle(Event.LEFT);
    if (wasActive && openDevice != null) {
      subscribers.updatePipeline(openDevice.pipeline);
    }
  }

  private void onStop() {
    stopping = true;
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
    long minEpoch = lastEpoch + 1;
    calls.start(
        DeviceCalls.Call.OPEN,
        () -> {
          OpenDevice opened =
              OpenDevice.open(deviceId, minEpoch, services, captureEvents, streamMetrics);
          return () -> onOpened(opened);
        },
        this::onOpeningFailed);
  }

  private void onOpeningFailed(Throwable failure) {
    if (failure instanceof StreamException reason) {
      onRefused(reason);
      return;
    }
    reporter.onOpeningFailed(failure);
    onRefused(
        new StreamException(
            Reason.DEVICE_BUSY, "%s did not open: %s".formatted(deviceId, failure), failure));
  }

  private void onRefused(StreamException reason) {
    // Failed retries for a lost or always-on device are logged only if a new subscription waits.
    boolean retrying = lifecycle.isLost() || (keptOpen && retries.wasUsed());
    if (subscribers.hasPending() || !retrying) {
      reporter.onRefused(reason.getMessage());
    }
    List<Subscription> refused = subscribers.drainPending();
    handle(Event.REFUSED);
    publish();
    DeviceSubscribers.closeAll(refused, reason, null);
  }

  private void onOpened(OpenDevice opened) {
    openDevice = opened;
    lastEpoch = opened.pipeline.epoch();
    lastOpened = opened.device;
    reporter.onOpened(opened.pipeline.format(), lastEpoch);
    handle(Event.OPENED, stopping ? "the server is stopping" : "no subscriptions left");
    if (openDevice == opened) {
      opened.capture.start(opened.pipeline);
      scheduleProgressCheck(opened);
    }
  }

  /** Handles the events of the capture, in messages. Ignores a capture that is being closed. */
  private final class CaptureEvents implements PipelineListener {

    private boolean isCurrent(CapturePipeline pipeline) {
      return openDevice != null && openDevice.pipeline == pipeline;
    }

    @Override
    public void onFirstPeriod(CapturePipeline pipeline) {
      if (isCurrent(pipeline)) {
        onAudio();
      }
    }

    @Override
    public void onOverrun(CapturePipeline pipeline, long samples) {
      reporter.onOverrun(samples, pipeline.format());
    }

    @Override
    public void onSilence(CapturePipeline pipeline, boolean silent) {
      if (isCurrent(pipeline)) {
        openDevice.silent = silent;
        if (silent) {
          subscribers.notifySilence();
        }
      }
    }

    @Override
    public void onLost(CapturePipeline pipeline, String reason) {
      if (isCurrent(pipeline)) {
        lose(reason);
      }
    }
  }

  private void onAudio() {
    if (lifecycle.isLost()) {
      reporter.onRecovered(lastEpoch);
    }
    retries.reset();
    handle(Event.FIRST_PERIOD);
  }

  /** Schedules the next progress check. It is the only way to detect a read that never returns. */
  private void scheduleProgressCheck(OpenDevice checked) {
    mailbox.schedule(ProgressMonitor.CHECK_INTERVAL, () -> checkProgress(checked));
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
    subscribers.wakeLoops(); // a subscription may stall while no new frame comes
    scheduleProgressCheck(checked);
  }

  private void lose(String reason) {
    if (!lifecycle.isLost()) { // not again if it opens and fails at once
      reporter.onLost(reason);
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
          return this::onClosed;
        },
        failure -> onClosed());
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
