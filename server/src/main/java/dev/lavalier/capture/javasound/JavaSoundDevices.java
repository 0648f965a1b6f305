package dev.lavalier.capture.javasound;

import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.line.AudioLine;
import dev.lavalier.capture.line.LineCapture;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The capture devices of the sound system. One thread, {@code lavalier-registry}, polls the sound
 * system and publishes an immutable snapshot; {@link #list} reads the snapshot. Only {@link #open}
 * calls the sound system on the thread of its caller.
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

  private record ListedMixer(Mixer.Info mixer, DeviceDescriptor descriptor) {}

  private record MixerFormats(Mixer.Info mixer, List<SupportedFormat> formats) {}

  private final LineSettings settings;
  private final TimeSource timeSource;
  private final ExecutorService executor =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "lavalier-registry");
            thread.setDaemon(true);
            return thread;
          });
  // By mixer key, because the sound system creates all mixers anew when a device is plugged in, and
  // while a device is open, in this process or in another one, its new ALSA mixer lists no format.
  private final Map<String, MixerFormats> formatCache = new ConcurrentHashMap<>();
  private final AtomicLong pollCount = new AtomicLong(); // odd while a poll is in progress

  private volatile Map<String, ListedMixer> snapshot = Map.of();
  private volatile Runnable changeListener = () -> {};

  /** Creates a source that is not started. */
  public JavaSoundDevices(LineSettings settings) {
    this.settings = settings;
    this.timeSource = settings.timeSource();
  }

  @Override
  public void onChange(Runnable listener) {
    changeListener = listener;
  }

  /** Starts to poll at intervals, and waits some seconds for the first list. */
  @Override
  public void start() {
    CountDownLatch polled = new CountDownLatch(1);
    executor.execute(
        () -> {
          poll();
          polled.countDown();
        });
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

  /** Returns the devices in the order of the sound system. The first one is the default. */
  @Override
  public List<DeviceDescriptor> list() {
    return descriptors(snapshot);
  }

  @Override
  public Capture open(String deviceId) throws StreamException {
    ListedMixer listed = snapshot.get(deviceId);
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
    listed = read().get(deviceId);
    if (listed == null) {
      throw new StreamException(
          Reason.DEVICE_LOST,
          "device_id: %s (expected: a device that is available)".formatted(deviceId));
    }
    return open(listed);
  }

  private Capture open(ListedMixer listed) throws StreamException {
    AudioLine line = JavaSoundLine.open(listed.mixer(), listed.descriptor(), settings.buffer());
    return new LineCapture(listed.descriptor(), line, settings.period(), timeSource);
  }

  private void poll() {
    long number = pollCount.incrementAndGet();
    timeSource.schedule(POLL_TIMEOUT, () -> warnIfOverdue(number));
    Map<String, ListedMixer> before = snapshot;
    try {
      snapshot = read();
    } catch (RuntimeException | Error e) {
      // The old list is kept, so that a failing sound system does not remove devices that are in
      // use. An Error counts as well: this thread must poll again.
      log.warn("listing devices failed; the previous list of devices stays in use", e);
    }
    pollCount.incrementAndGet();
    timeSource.schedule(POLL_INTERVAL, this::schedulePoll);
    if (!descriptors(snapshot).equals(descriptors(before))) {
      changeListener.run();
    }
  }

  private void schedulePoll() {
    try {
      executor.execute(this::poll);
    } catch (RejectedExecutionException e) {
      // Closed.
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

  private static List<DeviceDescriptor> descriptors(Map<String, ListedMixer> entries) {
    return entries.values().stream().map(ListedMixer::descriptor).toList();
  }

  private Map<String, ListedMixer> read() {
    List<Mixer.Info> mixers = Arrays.asList(AudioSystem.getMixerInfo());
    DeviceIds keys = new DeviceIds(); // of all mixers, also of those that list no format now
    DeviceIds ids = new DeviceIds();
    Set<String> present = new HashSet<>();
    Map<String, ListedMixer> found = new LinkedHashMap<>();
    for (Mixer.Info mixer : mixers) {
      String key = keys.idOf(mixer);
      present.add(key);
      List<SupportedFormat> formats = supportedFormats(key, mixer);
      if (formats.isEmpty()) {
        continue;
      }
      String id = ids.idOf(mixer);
      if (settings.allowed().test(id)) {
        // The sound system lists its default first.
        boolean isDefault = found.isEmpty();
        found.put(id, new ListedMixer(mixer, describe(id, mixer, isDefault, formats)));
      }
    }
    formatCache.keySet().retainAll(present);
    return found;
  }

  private DeviceDescriptor describe(
      String id, Mixer.Info mixer, boolean isDefault, List<SupportedFormat> formats) {
    return new DeviceDescriptor(
        id,
        mixer.getName(),
        mixer.getVendor(),
        mixer.getDescription(),
        isDefault,
        SupportedFormat.closest(settings.preferredFormat().apply(id), formats).orElseThrow(),
        formats);
  }

  /** Queries a mixer until it lists formats, and keeps what the one before it listed till then. */
  private List<SupportedFormat> supportedFormats(String key, Mixer.Info mixer) {
    MixerFormats cached = formatCache.get(key);
    if (cached != null && cached.mixer().equals(mixer)) {
      return cached.formats();
    }
    List<SupportedFormat> listed = queryFormats(mixer);
    if (!listed.isEmpty()) {
      formatCache.put(key, new MixerFormats(mixer, listed));
      return listed;
    }
    return cached == null ? List.of() : cached.formats();
  }

  private static List<SupportedFormat> queryFormats(Mixer.Info mixer) {
    try {
      return Arrays.stream(AudioSystem.getMixer(mixer).getTargetLineInfo())
          .filter(line -> line.getLineClass() == TargetDataLine.class)
          .filter(DataLine.Info.class::isInstance)
          .flatMap(line -> Arrays.stream(((DataLine.Info) line).getFormats()))
          .flatMap(format -> JavaSoundFormats.supported(format).stream())
          .distinct()
          .toList();
    } catch (IllegalArgumentException e) {
      return List.of(); // removed since the mixers were listed
    }
  }

  /** Stops polling. Open captures continue. */
  @Override
  public void close() {
    executor.shutdownNow();
  }
}
