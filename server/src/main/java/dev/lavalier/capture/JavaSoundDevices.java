package dev.lavalier.capture;

import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.StreamException.Reason;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.LogText;
import dev.lavalier.audio.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Predicate;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which devices there are. One thread, {@code lavalier-registry}, asks the sound system at a steady
 * pace and publishes an immutable snapshot; every other method reads that and never waits. {@link
 * #open} alone calls the sound system, on its caller's thread.
 *
 * <p>Where the sound system hangs, the snapshot stays as it was, which is logged once, and the
 * thread waits for as long as that lasts.
 *
 * <p>Safe for use from any thread.
 */
public final class JavaSoundDevices implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(JavaSoundDevices.class);

  /** How often the sound system is asked. */
  private static final Duration POLL_INTERVAL = Duration.ofSeconds(3);

  /** How long a start waits for the first answer before it goes on without one. */
  private static final Duration FIRST_POLL_TIMEOUT = Duration.ofSeconds(3);

  /** An answer that takes longer is reported. */
  private static final Duration POLL_TIMEOUT = Duration.ofSeconds(5);

  private record ListedMixer(Mixer.Info mixer, DeviceDescriptor descriptor) {}

  private final Function<String, PcmFormat> preferredFormat;
  private final boolean demo;
  private final Predicate<String> allowed;
  private final TimeSource timeSource;
  private final List<VirtualMixerProvider.Info> virtual = new ArrayList<>();
  private final ExecutorService executor =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "lavalier-registry");
            thread.setDaemon(true);
            return thread;
          });
  // What a mixer offers is asked until it offers something: while a device is open, by us or by
  // somebody else, ALSA tells that it offers nothing.
  private final Map<Mixer.Info, List<SupportedFormat>> formatCache = new ConcurrentHashMap<>();
  private final AtomicLong pollCount = new AtomicLong(); // odd while one is under way

  private volatile Map<String, ListedMixer> snapshot = Map.of();
  private volatile Runnable changeListener = () -> {};

  /**
   * Makes a registry that has not looked yet.
   *
   * @param preferredFormat the capture format of a device, by its id, where it offers it
   * @param demo whether the tone is the default where no hardware can be captured
   * @param devices the virtual devices to add; their names must differ
   * @param allowed which device ids may be seen at all
   * @param timeSource the pace of the looks, and the virtual devices' time
   */
  public JavaSoundDevices(
      Function<String, PcmFormat> preferredFormat,
      boolean demo,
      List<VirtualDevice> devices,
      Predicate<String> allowed,
      TimeSource timeSource) {
    this.preferredFormat = preferredFormat;
    this.demo = demo;
    this.allowed = allowed;
    this.timeSource = timeSource;
    devices.forEach(device -> virtual.add(VirtualMixerProvider.register(device, timeSource)));
  }

  /** Sets who is told, on the registry's thread, that {@link #devices} gives something else now. */
  public void onChange(Runnable listener) {
    changeListener = listener;
  }

  /** Looks for the first time, for a few seconds at most, and from then on at a steady pace. */
  public void start() {
    CountDownLatch polled = new CountDownLatch(1);
    executor.execute(
        () -> {
          poll();
          polled.countDown();
        });
    try {
      if (!polled.await(FIRST_POLL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("the sound system has not answered for {} ms; going on", FIRST_POLL_TIMEOUT.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns the devices, in the sound system's order: hardware first, then ours. */
  public List<DeviceDescriptor> devices() {
    return descriptors(snapshot);
  }

  /**
   * Returns the device that a request means. One that the caller may not know of is not there.
   *
   * @param id a {@code device_id}; empty: the default
   * @param visible which devices the caller may know of, by their ids
   * @throws StreamException DEVICE_NOT_FOUND, with advice
   */
  public DeviceDescriptor resolve(String id, Predicate<String> visible) throws StreamException {
    List<DeviceDescriptor> all = devices();
    List<DeviceDescriptor> visibleDevices = all.stream().filter(d -> visible.test(d.id())).toList();
    Predicate<DeviceDescriptor> requested =
        id.isEmpty() ? DeviceDescriptor::isDefault : d -> d.id().equals(id);
    Optional<DeviceDescriptor> found = visibleDevices.stream().filter(requested).findFirst();
    return found.orElseThrow(
        () ->
            new StreamException(
                Reason.DEVICE_NOT_FOUND, id.isEmpty() ? noDefaultMessage(all, visibleDevices) : notFoundMessage(id, visibleDevices)));
  }

  private static String notFoundMessage(String id, List<DeviceDescriptor> visibleDevices) {
    return "device_id: %s (expected: %s)"
        .formatted(LogText.sanitizeAndTruncate(id), availableIds(visibleDevices, "no device is there now"));
  }

  private static String noDefaultMessage(List<DeviceDescriptor> all, List<DeviceDescriptor> visibleDevices) {
    return "device_id: empty (expected: %s; %s)"
        .formatted(
            availableIds(visibleDevices, "none is there"),
            all.stream().anyMatch(DeviceDescriptor::isDefault)
                ? "the default device is none that you may list"
                : "this machine has no capture hardware to be the default, and a server started"
                    + " with --demo would give a test tone");
  }

  private static String availableIds(List<DeviceDescriptor> visibleDevices, String ifNone) {
    return visibleDevices.isEmpty()
        ? ifNone
        : "one of " + String.join(", ", visibleDevices.stream().map(DeviceDescriptor::id).toList());
  }

  /**
   * Opens a device's line in its capture format. May block for as long as the sound system does.
   *
   * @param id its {@code device_id}
   * @param bufferNanos length of the line's buffer
   * @throws StreamException DEVICE_LOST or DEVICE_BUSY
   */
  public JavaSoundLine open(String id, long bufferNanos) throws StreamException {
    ListedMixer entry = snapshot.get(id);
    if (entry != null) {
      try {
        return JavaSoundLine.open(entry.mixer(), entry.descriptor(), bufferNanos);
      } catch (StreamException e) {
        if (e.reason() != Reason.DEVICE_LOST) {
          throw e;
        }
      }
    }
    // Not known, or not any more: the sound system makes its mixers anew when devices come and go.
    entry = read().get(id);
    if (entry == null) {
      throw new StreamException(
          Reason.DEVICE_LOST, "device_id: %s (expected: a device that is there)".formatted(id));
    }
    return JavaSoundLine.open(entry.mixer(), entry.descriptor(), bufferNanos);
  }

  private void poll() {
    long number = pollCount.incrementAndGet();
    timeSource.schedule(POLL_TIMEOUT, () -> warnIfOverdue(number));
    try {
      Map<String, ListedMixer> before = snapshot;
      Map<String, ListedMixer> now = read();
      snapshot = now;
      if (!descriptors(now).equals(descriptors(before))) {
        changeListener.run();
      }
    } catch (RuntimeException e) {
      // The old list stays: a sound system in trouble must not take away what is being captured.
      log.warn("the sound system could not be asked for its devices", e);
    }
    pollCount.incrementAndGet();
    timeSource.schedule(POLL_INTERVAL, this::schedulePoll);
  }

  private void schedulePoll() {
    try {
      executor.execute(this::poll);
    } catch (RejectedExecutionException e) {
      // Closed.
    }
  }

  private void warnIfOverdue(long number) {
    if (pollCount.get() == number) {
      log.warn(
          "the sound system has not answered for {}; the devices stay as last seen", POLL_TIMEOUT);
    }
  }

  private static List<DeviceDescriptor> descriptors(Map<String, ListedMixer> entries) {
    return entries.values().stream().map(ListedMixer::descriptor).toList();
  }

  private Map<String, ListedMixer> read() {
    List<Mixer.Info> mixers =
        new ArrayList<>(
            Arrays.stream(AudioSystem.getMixerInfo())
                .filter(m -> !(m instanceof VirtualMixerProvider.Info))
                .toList());
    mixers.addAll(virtual);
    formatCache.keySet().retainAll(mixers);

    DeviceIds ids = new DeviceIds();
    Map<String, ListedMixer> found = new LinkedHashMap<>();
    Mixer.Info defaultMixer = null;
    for (Mixer.Info mixer : mixers) {
      List<SupportedFormat> formats = supportedFormats(mixer);
      if (formats.isEmpty()) {
        continue;
      }
      String id = ids.idOf(mixer);
      if (allowed.test(id)) {
        if (defaultMixer == null && canBeDefault(mixer)) {
          defaultMixer = mixer;
        }
        found.put(id, new ListedMixer(mixer, describe(id, mixer, mixer.equals(defaultMixer), formats)));
      }
    }
    return found;
  }

  /** The sound system lists its own default first. Ours is never passed off as a microphone. */
  private boolean canBeDefault(Mixer.Info mixer) {
    return !(mixer instanceof VirtualMixerProvider.Info virtualInfo)
        || (demo && virtualInfo.device() instanceof ToneDevice);
  }

  private DeviceDescriptor describe(
      String id, Mixer.Info mixer, boolean isDefault, List<SupportedFormat> formats) {
    return new DeviceDescriptor(
        id,
        mixer.getName(),
        mixer.getVendor(),
        mixer.getDescription(),
        isDefault,
        SupportedFormat.closest(preferredFormat.apply(id), formats).orElseThrow(),
        formats);
  }

  private List<SupportedFormat> supportedFormats(Mixer.Info mixer) {
    List<SupportedFormat> cached = formatCache.get(mixer);
    if (cached == null || cached.isEmpty()) {
      cached = queryFormats(mixer);
      formatCache.put(mixer, cached);
    }
    return cached;
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
      return List.of(); // it went away between the two questions
    }
  }

  /** Stops looking and takes the virtual devices away. Open lines go on. */
  @Override
  public void close() {
    executor.shutdownNow();
    virtual.forEach(VirtualMixerProvider::unregister);
  }
}
