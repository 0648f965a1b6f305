package dev.lavalier.capture.javasound;

import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.javasound.DeviceList.ListedDevice;
import dev.lavalier.capture.javasound.DeviceList.ReportedMixer;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import javax.sound.sampled.Mixer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The capture devices of the sound system. One thread, {@code lavalier-registry}, polls the sound
 * system and publishes an immutable snapshot; {@link #list} reads the snapshot. Only {@link #open}
 * calls the sound system on the thread of its caller. {@link DeviceList} decides what is listed.
 *
 * <p>If the sound system hangs, the snapshot does not change. The server logs this once, and the
 * thread waits until the sound system answers.
 */
public final class JavaSoundDevices implements Devices {

  private static final Logger log = LoggerFactory.getLogger(JavaSoundDevices.class);

  private static final Duration POLL_INTERVAL = Duration.ofSeconds(3);

  /** The maximum time that a start waits for the first list of devices. */
  private static final Duration FIRST_POLL_TIMEOUT = Duration.ofSeconds(3);

  /** A poll that takes longer is logged. */
  private static final Duration POLL_TIMEOUT = Duration.ofSeconds(5);

  private final SoundSystem soundSystem;
  private final TimeSource timeSource;
  private final ExecutorService executor;
  private final DeviceList devices;
  // Used only in refresh().
  private final Map<Mixer.Info, List<SupportedFormat>> queriedFormats = new HashMap<>();
  private final Set<String> failingMixers = new HashSet<>(); // names

  private final AtomicLong pollCount = new AtomicLong(); // odd while a poll is in progress
  private volatile boolean changed; // since the last notification

  private volatile Map<String, ListedDevice> snapshot = Map.of();
  private volatile Runnable changeListener = () -> {};
  private volatile Predicate<String> isOpen = id -> false;

  /** Creates a source that is not started. */
  public JavaSoundDevices(LineSettings settings) {
    this(settings, new JavaSoundSystem(settings), newExecutor());
  }

  /**
   * Creates a source that is not started.
   *
   * @param executor runs the polls, one at a time; shut down with this source
   */
  JavaSoundDevices(LineSettings settings, SoundSystem soundSystem, ExecutorService executor) {
    this.soundSystem = soundSystem;
    this.executor = executor;
    this.timeSource = settings.timeSource();
    this.devices =
        new DeviceList(settings.preferredFormat(), settings.allowed(), id -> isOpen.test(id));
  }

  private static ExecutorService newExecutor() {
    return Executors.newSingleThreadExecutor(
        task -> {
          Thread thread = new Thread(task, "lavalier-registry");
          thread.setDaemon(true);
          return thread;
        });
  }

  @Override
  public void onChange(Runnable listener) {
    changeListener = listener;
  }

  @Override
  public void keepListed(Predicate<String> open) {
    isOpen = open;
  }

  /** Starts to poll at intervals, and waits some seconds for the first list. */
  @Override
  public void start() {
    CountDownLatch polled = new CountDownLatch(1);
    executor.execute(() -> poll(polled::countDown));
    try {
      if (!polled.await(FIRST_POLL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn(
            "the sound system has not answered for {} ms; starting without its devices",
            FIRST_POLL_TIMEOUT.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns the devices in the order of the sound system. */
  @Override
  public List<DeviceDescriptor> list() {
    return snapshot.values().stream().map(ListedDevice::descriptor).toList();
  }

  @Override
  public Capture open(String deviceId) throws StreamException {
    ListedDevice listed = snapshot.get(deviceId);
    if (listed != null) {
      try {
        return open(listed);
      } catch (StreamException e) {
        if (e.reason() != Reason.DEVICE_LOST) {
          throw e;
        }
      }
    }
    // The mixer is unknown, or not valid any more: the sound system replaces all mixers when a
    // device is plugged in or removed.
    refresh();
    runLater(this::notifyListener);
    listed = snapshot.get(deviceId);
    if (listed == null) {
      throw notAvailable(deviceId);
    }
    return open(listed);
  }

  private Capture open(ListedDevice listed) throws StreamException {
    DeviceDescriptor device = listed.descriptor();
    if (listed.mixer() == null || !devices.use(device.id(), listed.mixer())) {
      throw notAvailable(device.id());
    }
    return soundSystem.open(listed.mixer(), device);
  }

  private static StreamException notAvailable(String deviceId) {
    return new StreamException(
        Reason.DEVICE_LOST,
        "device_id: %s (expected: a device that is available)".formatted(deviceId));
  }

  private void poll(Runnable onListed) {
    long number = pollCount.incrementAndGet();
    timeSource.schedule(POLL_TIMEOUT, () -> warnIfOverdue(number));
    try {
      refresh();
    } catch (RuntimeException | Error e) {
      // The old list is kept, so that a failing sound system does not remove devices that are in
      // use. An Error counts as well: this thread must poll again.
      log.warn("listing devices failed; the previous list of devices stays in use", e);
    }
    pollCount.incrementAndGet();
    onListed.run();
    timeSource.schedule(POLL_INTERVAL, this::schedulePoll);
    notifyListener();
  }

  private void runLater(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      // Closed.
    }
  }

  private void notifyListener() {
    if (!changed) {
      return;
    }
    changed = false;
    try {
      changeListener.run();
    } catch (RuntimeException | Error e) { // it must not end the polls
      log.warn("a listener failed after a change of the list of devices", e);
    }
  }

  private void schedulePoll() {
    try {
      runLater(() -> poll(() -> {}));
    } catch (RuntimeException | Error e) { // possibly no thread can be created
      log.warn("listing devices failed; the previous list of devices stays in use", e);
      timeSource.schedule(POLL_INTERVAL, this::schedulePoll);
    }
  }

  private void warnIfOverdue(long number) {
    if (pollCount.get() == number) {
      log.warn(
          "the sound system has not answered for {}; the previous list of devices stays in use",
          POLL_TIMEOUT);
    }
  }

  /** Asks the sound system and publishes the result. Concurrent calls wait for one another. */
  private synchronized void refresh() {
    List<Mixer.Info> mixers = soundSystem.mixers();
    queriedFormats.keySet().retainAll(mixers);
    List<ReportedMixer> report =
        mixers.stream().map(mixer -> new ReportedMixer(mixer, supportedFormats(mixer))).toList();
    List<DeviceDescriptor> before = list();
    snapshot = devices.update(report);
    if (!list().equals(before)) {
      changed = true; // also if the next refresh changes it back
    }
  }

  /** Queries a mixer until it lists formats. */
  private List<SupportedFormat> supportedFormats(Mixer.Info mixer) {
    List<SupportedFormat> known = queriedFormats.get(mixer);
    if (known != null) {
      return known;
    }
    List<SupportedFormat> listed = List.of();
    try {
      listed = soundSystem.formats(mixer);
      failingMixers.remove(mixer.getName());
    } catch (RuntimeException e) { // one driver must not hide the devices of others
      if (failingMixers.add(mixer.getName())) {
        log.warn("{}: the sound system does not list the formats", mixer.getName(), e);
      }
    }
    if (!listed.isEmpty()) {
      queriedFormats.put(mixer, listed);
    }
    return listed;
  }

  /** Stops polling. Open captures continue. */
  @Override
  public void close() {
    executor.shutdownNow();
  }
}
