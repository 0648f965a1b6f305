package dev.lavalier.hub;

import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.StreamException.Reason;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.audio.TimeSource;
import dev.lavalier.capture.JavaSoundLine;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.JavaSoundDevices;
import dev.lavalier.capture.LineReader;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One device, as an actor: subscribing, leaving, opening, losing and closing are messages to a
 * serial executor, and every field is touched by that alone. There is no lock and no lock order.
 *
 * <p>Calls into the sound system may block for ever, so they run on a worker and answer with a
 * message; one is under way at a time. Whoever subscribes while the device is being closed waits
 * for a clean new epoch. docs/architecture.md draws the states.
 */
final class DeviceActor implements CapturePipeline.PipelineListener {

  private static final Logger log = LoggerFactory.getLogger(DeviceActor.class);

  /**
   * How often it is looked whether periods still come, and after how many looks in vain a device is
   * lost. Looks are counted, and not time: when this process itself stood still, the reader must
   * have its chance. The first period takes longer: a sound server needs 1.4 to 2 s for it.
   */
  private static final Duration CHECK_INTERVAL = Duration.ofMillis(500);

  private static final int MAX_STALLED_CHECKS = 6;
  private static final int MAX_CHECKS_BEFORE_FIRST_PERIOD = 20;

  /** What every device of a hub shares. */
  record DeviceServices(
      JavaSoundDevices registry,
      TimeSource timeSource,
      FrameCodec codec,
      PolyphaseFilters filters,
      Duration period,
      Duration buffer,
      Duration history,
      Executor workers,
      HubObserver observer,
      Runnable onChange) {}

  private final String deviceId;
  private final DeviceServices services;
  private final Executor mailbox;
  private final StreamMetrics streamMetrics;

  private final DeviceSubscribers subscribers;
  private OpenDevice openDevice; // null: not open
  private OpenDevice closingDevice; // given back, and not known to be closed yet
  private final DeviceCalls calls;
  private boolean lost; // since it was lost, until it is given back for good or audio comes again
  private long lostSince;
  private final Backoff backoff = new Backoff();
  private long lastEpoch;
  private boolean keptOpen; // for its history, also while nobody subscribes
  private CompletableFuture<Void> stopped; // set once: the server is stopping

  private volatile DeviceState publishedState = DeviceState.CLOSED;
  private volatile int publishedCount;
  private volatile DeviceDescriptor lastOpened;

  DeviceActor(String deviceId, DeviceServices services) {
    this.deviceId = deviceId;
    this.services = services;
    this.mailbox = MoreExecutors.newSequentialExecutor(services.workers());
    this.streamMetrics = services.observer().streamMetrics(deviceId);
    this.subscribers = new DeviceSubscribers(deviceId, services.timeSource());
    this.calls =
        new DeviceCalls(deviceId, services.timeSource(), services.workers(), this::post, this::onCallTimeout);
  }

  // What others may call, from any thread.

  void subscribe(Subscription subscription) {
    post(() -> onSubscribe(subscription));
  }

  void cancel(Subscription subscription) {
    post(() -> onCancel(subscription));
  }

  /** Opens the device for its history, and again whenever it is lost, until the hub stops. */
  void keepOpen() {
    post(
        () -> {
          keptOpen = true;
          log.info(
              "{}: kept open; it records the last {} s before anyone asks",
              deviceId,
              services.history().toMillis() / 1e3);
          if (openDevice == null && !calls.isInProgress() && stopped == null) {
            open();
          }
        });
  }

  /** The list of devices has changed: a lost one may be back. */
  void onDevicesChanged() {
    post(() -> reopen(backoff.attempt()));
  }

  /** Ends every subscription and closes the device; done when it is closed. */
  CompletableFuture<Void> stop() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    post(() -> onStop(done));
    return done;
  }

  StreamMetrics streamMetrics() {
    return streamMetrics;
  }

  DeviceState state() {
    return publishedState;
  }

  int subscriberCount() {
    return publishedCount;
  }

  /** Returns the device as it was when it was opened last; null before. */
  DeviceDescriptor lastOpened() {
    return lastOpened;
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
    DeviceState state = currentState();
    int count = subscribers.size();
    if (state != publishedState || count != publishedCount) {
      publishedState = state;
      publishedCount = count;
      services.onChange().run();
    }
  }

  private DeviceState currentState() {
    if (openDevice != null) {
      // A PipeWire without a source opens, and gives nothing.
      return lost ? DeviceState.LOST : DeviceState.OPEN;
    }
    if (calls.isOverdue()) {
      return DeviceState.NOT_RESPONDING;
    }
    if (lost) {
      return DeviceState.LOST;
    }
    if (!calls.isInProgress()) {
      return DeviceState.CLOSED;
    }
    return calls.isOpening() ? DeviceState.OPENING : DeviceState.CLOSING;
  }

  // Subscribers.

  private void onSubscribe(Subscription subscription) {
    if (stopped != null) {
      DeviceSubscribers.closeAll(List.of(subscription), Hub.stoppingReason(), Notice.Kind.SERVER_STOPPING);
    } else if (openDevice == null && calls.isUnresponsive()) {
      DeviceSubscribers.closeAll(List.of(subscription), notResponding(), null);
    } else if (openDevice != null) {
      activate(List.of(subscription));
    } else {
      subscribers.add(subscription);
      if (!calls.isInProgress()) {
        open();
      }
    }
  }

  private void onCancel(Subscription subscription) {
    boolean wasActive = subscribers.remove(subscription);
    if (!wasActive && !shouldBeOpen() && !calls.isInProgress() && openDevice == null) {
      lost = false; // nobody waits for it any more
    }
    if (wasActive && !subscribers.hasActive() && !keptOpen) {
      close("nobody subscribes any more");
    } else if (wasActive) {
      subscribers.updatePipeline(openDevice.pipeline);
    }
  }

  private void onStop(CompletableFuture<Void> done) {
    stopped = done;
    DeviceSubscribers.closeAll(subscribers.drainAll(), Hub.stoppingReason(), Notice.Kind.SERVER_STOPPING);
    if (openDevice != null) {
      close("the server is stopping");
    } else if (!calls.isInProgress() || calls.isUnresponsive()) {
      done.complete(null);
    } // else: the answer to what is under way completes it
  }

  private StreamException notResponding() {
    return new StreamException(
        Reason.DEVICE_BUSY,
        "device_id: %s (expected: a device that responds; the sound system has been asked to open or close it and does not answer)"
            .formatted(deviceId));
  }

  // Opening.

  private void open() {
    calls.start(
        DeviceCalls.Call.OPEN,
        () -> {
          try {
            JavaSoundLine line = services.registry().open(deviceId, services.buffer().toNanos());
            return () -> onOpened(line);
          } catch (StreamException e) {
            return () -> onOpenFailed(e);
          } catch (RuntimeException e) {
            log.warn("{}: opening failed", deviceId, e);
            return () ->
                onOpenFailed(
                    new StreamException(
                        Reason.DEVICE_BUSY,
                        "device_id: %s (expected: a device that opens; the sound system says: %s)"
                            .formatted(deviceId, e.getMessage()),
                        e));
          }
        });
  }

  private void onOpenFailed(StreamException reason) {
    // A lost device's many attempts are not worth a line each, nor are those of one kept open.
    if (subscribers.hasPending() || !(lost || isRetrying())) {
      log.info("{}: not opened: {}", deviceId, reason.getMessage());
    }
    List<Subscription> rejected = subscribers.drainPending();
    nextAction();
    publish();
    DeviceSubscribers.closeAll(rejected, reason, null);
  }

  private void onOpened(JavaSoundLine line) {
    PcmFormat format = line.format();
    int periodSamples = (int) Math.max(1, format.samplesIn(services.period().toNanos()));
    // At least one more than the last: two openings may fall into one microsecond, or the clock
    // may have been set back.
    lastEpoch = Math.max(lastEpoch + 1, services.timeSource().unixNanos() / 1000);
    long retentionNanos = services.history().toNanos();
    History history = retentionNanos == 0 ? null : new History(retentionNanos, format, periodSamples);
    CapturePipeline pipeline =
        new CapturePipeline(lastEpoch, format, services.codec(), services.filters(), this, streamMetrics, history);
    LineReader reader = new LineReader(line, deviceId, periodSamples, services.timeSource(), pipeline);
    openDevice = new OpenDevice(pipeline, reader, line, services.timeSource().nanoTime());
    lastOpened = line.device();
    log.debug("{}: open in {}, epoch {}", deviceId, format, lastEpoch);
    services.observer().onOpened(deviceId, format, lastEpoch);
    activate(subscribers.drainWaiting());
    if (!subscribers.hasActive() && !keptOpen) { // they all left meanwhile
      close("nobody subscribes any more");
      return;
    }
    reader.start();
    scheduleProgressCheck(openDevice, 0, 0);
  }

  private void activate(List<Subscription> newSubscriptions) {
    subscribers.activate(newSubscriptions, openDevice, this::publish);
  }

  // What the reader sees, told on its thread.

  @Override
  public void onFirstPeriod(CapturePipeline pipeline) {
    post(() -> ifCurrent(pipeline, this::handleFirstPeriod));
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
    post(() -> ifCurrent(pipeline, () -> handleLoss(reason)));
  }

  private void ifCurrent(CapturePipeline pipeline, Runnable message) {
    if (openDevice != null && openDevice.pipeline == pipeline) {
      message.run();
    } // else: it is being closed anyway
  }

  private void handleFirstPeriod() {
    if (lost) {
      lost = false;
      Duration outage = Duration.ofNanos(services.timeSource().nanoTime() - lostSince);
      log.warn("{}: back after {} s, epoch {}", deviceId, outage.toSeconds(), openDevice.pipeline.number());
      services.observer().onRecovered(deviceId, outage);
    }
    backoff.reset();
  }

  /** A read that never returns is seen from here alone. */
  private void scheduleProgressCheck(OpenDevice watched, long periodsBefore, int stalledChecks) {
    services.timeSource().schedule(CHECK_INTERVAL, () -> post(() -> checkProgress(watched, periodsBefore, stalledChecks)));
  }

  private void checkProgress(OpenDevice watched, long periodsBefore, int stalledChecks) {
    if (openDevice != watched) {
      return;
    }
    long periods = watched.reader.periods();
    int checks = periods == periodsBefore ? stalledChecks + 1 : 0;
    if (checks >= (periods == 0 ? MAX_CHECKS_BEFORE_FIRST_PERIOD : MAX_STALLED_CHECKS)) {
      handleLoss("no audio has come for %d s".formatted(CHECK_INTERVAL.multipliedBy(checks).toSeconds()));
    } else {
      OptionalDouble ppm = openDevice.reader.clockPpm();
      ppm.ifPresent(streamMetrics::onClock);
      subscribers.notifyClock(openDevice, ppm);
      scheduleProgressCheck(watched, periods, checks);
    }
  }

  private void handleLoss(String reason) {
    if (!lost) { // nor if it opens and fails again at once
      log.warn("{}: lost: {}", deviceId, reason);
      services.observer().onLost(deviceId, reason);
      lostSince = services.timeSource().nanoTime();
    }
    lost = true;
    StreamException exception =
        new StreamException(Reason.DEVICE_LOST, "%s was lost: %s".formatted(deviceId, reason));
    Notice notice = new Notice(Notice.Kind.DEVICE_LOST, exception.getMessage());
    List<Subscription> failing = subscribers.onDeviceLost();
    close("lost: " + reason);
    publish();
    subscribers.notifyAwaiting(notice);
    DeviceSubscribers.closeAll(failing, exception, Notice.Kind.DEVICE_LOST);
  }

  // Closing, and coming back.

  /** Stops the reader, joins it and gives the device back, on a worker. */
  private void close(String reason) {
    OpenDevice closed = openDevice;
    openDevice = null;
    closingDevice = closed;
    closed.closingReason = reason;
    calls.start(
        DeviceCalls.Call.CLOSE,
        () -> {
          closed.close();
          notifyClosed(closed, true);
          return () -> {
            closingDevice = null;
            nextAction();
          };
        });
  }

  private void notifyClosed(OpenDevice closed, boolean acknowledged) {
    services
        .observer()
        .onClosed(
            deviceId,
            closed.pipeline.number(),
            Duration.ofNanos(services.timeSource().nanoTime() - closed.openedNanos),
            closed.pipeline.capturedSamples(),
            closed.closingReason,
            acknowledged);
  }

  /** No call is under way and the device is not open: what now? */
  private void nextAction() {
    if (stopped != null) {
      lost = false;
      stopped.complete(null);
    } else if (subscribers.hasPending()) {
      open();
    } else if (!shouldBeOpen()) {
      lost = false;
    } else {
      long attempt = backoff.next();
      services.timeSource().schedule(backoff.delay(), () -> post(() -> reopen(attempt)));
    }
  }

  private void reopen(long attempt) {
    boolean idle = !calls.isInProgress() && openDevice == null && !calls.isUnresponsive();
    if (idle && stopped == null && shouldBeOpen() && attempt == backoff.attempt()) {
      open();
    }
  }

  /** Whether it should be open although nobody new waits for it. */
  private boolean shouldBeOpen() {
    return keptOpen || subscribers.hasAwaitingDevice();
  }

  private boolean isRetrying() {
    return keptOpen && backoff.attempt() > 0;
  }

  /** A call was not answered in time, or an abandoned one was after all. */
  private void onCallTimeout() {
    if (closingDevice != null && !calls.isInProgress()) {
      notifyClosed(closingDevice, false);
      closingDevice = null;
    }
    if (calls.isUnresponsive()) {
      List<Subscription> rejected = subscribers.drainPending();
      publish();
      DeviceSubscribers.closeAll(rejected, notResponding(), null);
    }
    if (!calls.isInProgress() && openDevice == null) {
      nextAction();
    } else if (stopped != null && calls.isUnresponsive()) {
      stopped.complete(null);
    }
  }
}
