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
final class DeviceActor implements Epoch.Events {

  private static final Logger log = LoggerFactory.getLogger(DeviceActor.class);

  /**
   * How often it is looked whether periods still come, and after how many looks in vain a device is
   * lost. Looks are counted, and not time: when this process itself stood still, the reader must
   * have its chance. The first period takes longer: a sound server needs 1.4 to 2 s for it.
   */
  private static final Duration WATCH_EVERY = Duration.ofMillis(500);

  private static final int LOOKS = 6;
  private static final int LOOKS_FOR_FIRST_PERIOD = 20;

  /** What every device of a hub shares. */
  record Context(
      JavaSoundDevices registry,
      TimeSource ticker,
      FrameEncoder encoder,
      PolyphaseFilters filters,
      Duration period,
      Duration buffer,
      Duration history,
      Executor workers,
      HubObserver observer,
      Runnable onChange) {}

  private final String deviceId;
  private final Context context;
  private final Executor mailbox;
  private final DeviceMeter meter;

  private final Audience audience;
  private Session session; // null: not open
  private Session closing; // given back, and not known to be closed yet
  private final SoundCalls calls;
  private boolean lost; // since it was lost, until it is given back for good or audio comes again
  private long lostSince;
  private final BackOff backOff = new BackOff();
  private long lastEpoch;
  private boolean keptOpen; // for its history, also while nobody subscribes
  private CompletableFuture<Void> stopped; // set once: the server is stopping

  private volatile DeviceState publishedState = DeviceState.CLOSED;
  private volatile int publishedCount;
  private volatile DeviceDescriptor lastOpened;

  DeviceActor(String deviceId, Context context) {
    this.deviceId = deviceId;
    this.context = context;
    this.mailbox = MoreExecutors.newSequentialExecutor(context.workers());
    this.meter = context.observer().meter(deviceId);
    this.audience = new Audience(deviceId, context.ticker());
    this.calls =
        new SoundCalls(deviceId, context.ticker(), context.workers(), this::post, this::onLateCall);
  }

  // What others may call, from any thread.

  void subscribe(Subscription subscription) {
    post(() -> onSubscribe(subscription));
  }

  void leave(Subscription subscription) {
    post(() -> onLeave(subscription));
  }

  /** Opens the device for its history, and again whenever it is lost, until the hub stops. */
  void keepOpen() {
    post(
        () -> {
          keptOpen = true;
          log.info(
              "{}: kept open; it records the last {} s before anyone asks",
              deviceId,
              context.history().toMillis() / 1e3);
          if (session == null && !calls.underWay() && stopped == null) {
            open();
          }
        });
  }

  /** The list of devices has changed: a lost one may be back. */
  void devicesChanged() {
    post(() -> reopen(backOff.attempt()));
  }

  /** Ends every subscription and closes the device; done when it is closed. */
  CompletableFuture<Void> stop() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    post(() -> onStop(done));
    return done;
  }

  DeviceMeter meter() {
    return meter;
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
    int count = audience.size();
    if (state != publishedState || count != publishedCount) {
      publishedState = state;
      publishedCount = count;
      context.onChange().run();
    }
  }

  private DeviceState currentState() {
    if (session != null) {
      // A PipeWire without a source opens, and gives nothing.
      return lost ? DeviceState.LOST : DeviceState.OPEN;
    }
    if (calls.late()) {
      return DeviceState.NOT_RESPONDING;
    }
    if (lost) {
      return DeviceState.LOST;
    }
    if (!calls.underWay()) {
      return DeviceState.CLOSED;
    }
    return calls.opening() ? DeviceState.OPENING : DeviceState.CLOSING;
  }

  // Subscribers.

  private void onSubscribe(Subscription subscription) {
    if (stopped != null) {
      Audience.endAll(List.of(subscription), Hub.stoppingReason(), Notice.Kind.SERVER_STOPPING);
    } else if (session == null && calls.hopeless()) {
      Audience.endAll(List.of(subscription), notResponding(), null);
    } else if (session != null) {
      serve(List.of(subscription));
    } else {
      audience.add(subscription);
      if (!calls.underWay()) {
        open();
      }
    }
  }

  private void onLeave(Subscription subscription) {
    boolean wasServed = audience.remove(subscription);
    if (!wasServed && !isWanted() && !calls.underWay() && session == null) {
      lost = false; // nobody waits for it any more
    }
    if (wasServed && !audience.isServed() && !keptOpen) {
      close("nobody subscribes any more");
    } else if (wasServed) {
      audience.attend(session.epoch);
    }
  }

  private void onStop(CompletableFuture<Void> done) {
    stopped = done;
    Audience.endAll(audience.takeAll(), Hub.stoppingReason(), Notice.Kind.SERVER_STOPPING);
    if (session != null) {
      close("the server is stopping");
    } else if (!calls.underWay() || calls.hopeless()) {
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
    calls.begin(
        SoundCalls.Call.OPEN,
        () -> {
          try {
            JavaSoundLine line = context.registry().open(deviceId, context.buffer().toNanos());
            return () -> onOpened(line);
          } catch (StreamException e) {
            return () -> onRefused(e);
          } catch (RuntimeException e) {
            log.warn("{}: opening failed", deviceId, e);
            return () ->
                onRefused(
                    new StreamException(
                        Reason.DEVICE_BUSY,
                        "device_id: %s (expected: a device that opens; the sound system says: %s)"
                            .formatted(deviceId, e.getMessage()),
                        e));
          }
        });
  }

  private void onRefused(StreamException reason) {
    // A lost device's many attempts are not worth a line each, nor are those of one kept open.
    if (audience.hasNewcomers() || !(lost || isRetrying())) {
      log.info("{}: not opened: {}", deviceId, reason.getMessage());
    }
    List<Subscription> refused = audience.takeNewcomers();
    settle();
    publish();
    Audience.endAll(refused, reason, null);
  }

  private void onOpened(JavaSoundLine line) {
    PcmFormat format = line.format();
    int periodSamples = (int) Math.max(1, format.samplesIn(context.period().toNanos()));
    // At least one more than the last: two openings may fall into one microsecond, or the clock
    // may have been set back.
    lastEpoch = Math.max(lastEpoch + 1, context.ticker().unixNanos() / 1000);
    long kept = context.history().toNanos();
    History history = kept == 0 ? null : new History(kept, format, periodSamples);
    Epoch epoch =
        new Epoch(lastEpoch, format, context.encoder(), context.filters(), this, meter, history);
    LineReader reader = new LineReader(line, deviceId, periodSamples, context.ticker(), epoch);
    session = new Session(epoch, reader, line, context.ticker().nanoTime());
    lastOpened = line.device();
    log.debug("{}: open in {}, epoch {}", deviceId, format, lastEpoch);
    context.observer().onOpened(deviceId, format, lastEpoch);
    serve(audience.takeAllWaiting());
    if (!audience.isServed() && !keptOpen) { // they all left meanwhile
      close("nobody subscribes any more");
      return;
    }
    reader.start();
    watch(session, 0, 0);
  }

  private void serve(List<Subscription> fresh) {
    audience.serve(fresh, session, this::publish);
  }

  // What the reader sees, told on its thread.

  @Override
  public void onFlowing(Epoch epoch) {
    post(() -> ifCurrent(epoch, this::flowing));
  }

  @Override
  public void onOverrun(Epoch epoch, long samples) {
    log.warn("{}: the device lost about {} samples", deviceId, samples);
    context.observer().onOverrun(deviceId, samples, epoch.format());
  }

  @Override
  public void onMuted(Epoch epoch, boolean muted) {
    post(
        () ->
            ifCurrent(
                epoch,
                () -> {
                  session.muted = muted;
                  if (muted) {
                    audience.tellMuted();
                  }
                }));
  }

  @Override
  public void onLost(Epoch epoch, String seen) {
    post(() -> ifCurrent(epoch, () -> lose(seen)));
  }

  private void ifCurrent(Epoch epoch, Runnable message) {
    if (session != null && session.epoch == epoch) {
      message.run();
    } // else: it is being closed anyway
  }

  private void flowing() {
    if (lost) {
      lost = false;
      Duration away = Duration.ofNanos(context.ticker().nanoTime() - lostSince);
      log.warn("{}: back after {} s, epoch {}", deviceId, away.toSeconds(), session.epoch.number());
      context.observer().onBack(deviceId, away);
    }
    backOff.reset();
  }

  /** A read that never returns is seen from here alone. */
  private void watch(Session watched, long periodsBefore, int inVain) {
    context.ticker().schedule(WATCH_EVERY, () -> post(() -> look(watched, periodsBefore, inVain)));
  }

  private void look(Session watched, long periodsBefore, int inVain) {
    if (session != watched) {
      return;
    }
    long periods = watched.reader.periods();
    int looks = periods == periodsBefore ? inVain + 1 : 0;
    if (looks >= (periods == 0 ? LOOKS_FOR_FIRST_PERIOD : LOOKS)) {
      lose("no audio has come for %d s".formatted(WATCH_EVERY.multipliedBy(looks).toSeconds()));
    } else {
      OptionalDouble ppm = session.reader.clockPpm();
      ppm.ifPresent(meter::onClock);
      audience.tellClock(session, ppm);
      watch(watched, periods, looks);
    }
  }

  private void lose(String seen) {
    if (!lost) { // nor if it opens and fails again at once
      log.warn("{}: lost: {}", deviceId, seen);
      context.observer().onLost(deviceId, seen);
      lostSince = context.ticker().nanoTime();
    }
    lost = true;
    StreamException reason =
        new StreamException(Reason.DEVICE_LOST, "%s was lost: %s".formatted(deviceId, seen));
    Notice notice = new Notice(Notice.Kind.DEVICE_LOST, reason.getMessage());
    List<Subscription> failing = audience.bereave();
    close("lost: " + seen);
    publish();
    audience.tellBereft(notice);
    Audience.endAll(failing, reason, Notice.Kind.DEVICE_LOST);
  }

  // Closing, and coming back.

  /** Stops the reader, joins it and gives the device back, on a worker. */
  private void close(String why) {
    Session closed = session;
    session = null;
    closing = closed;
    closed.closingReason = why;
    calls.begin(
        SoundCalls.Call.CLOSE,
        () -> {
          closed.close();
          tellClosed(closed, true);
          return () -> {
            closing = null;
            settle();
          };
        });
  }

  private void tellClosed(Session closed, boolean answered) {
    context
        .observer()
        .onClosed(
            deviceId,
            closed.epoch.number(),
            Duration.ofNanos(context.ticker().nanoTime() - closed.openedNanos),
            closed.epoch.captured(),
            closed.closingReason,
            answered);
  }

  /** No call is under way and the device is not open: what now? */
  private void settle() {
    if (stopped != null) {
      lost = false;
      stopped.complete(null);
    } else if (audience.hasNewcomers()) {
      open();
    } else if (!isWanted()) {
      lost = false;
    } else {
      long attempt = backOff.next();
      context.ticker().schedule(backOff.delay(), () -> post(() -> reopen(attempt)));
    }
  }

  private void reopen(long attempt) {
    boolean idle = !calls.underWay() && session == null && !calls.hopeless();
    if (idle && stopped == null && isWanted() && attempt == backOff.attempt()) {
      open();
    }
  }

  /** Whether it should be open although nobody new waits for it. */
  private boolean isWanted() {
    return keptOpen || audience.isBereft();
  }

  private boolean isRetrying() {
    return keptOpen && backOff.attempt() > 0;
  }

  /** A call was not answered in time, or an abandoned one was after all. */
  private void onLateCall() {
    if (closing != null && !calls.underWay()) {
      tellClosed(closing, false);
      closing = null;
    }
    if (calls.hopeless()) {
      List<Subscription> refused = audience.takeNewcomers();
      publish();
      Audience.endAll(refused, notResponding(), null);
    }
    if (!calls.underWay() && session == null) {
      settle();
    } else if (stopped != null && calls.hopeless()) {
      stopped.complete(null);
    }
  }
}
