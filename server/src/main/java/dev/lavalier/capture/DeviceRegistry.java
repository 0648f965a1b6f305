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
public final class DeviceRegistry implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(DeviceRegistry.class);

  /** How often the sound system is asked. */
  private static final Duration REFRESH = Duration.ofSeconds(3);

  /** How long a start waits for the first answer before it goes on without one. */
  private static final Duration FIRST_LOOK = Duration.ofSeconds(3);

  /** An answer that takes longer is reported. */
  private static final Duration LOOK_BOUND = Duration.ofSeconds(5);

  private record Entry(Mixer.Info mixer, DeviceDescriptor descriptor) {}

  private final Function<String, PcmFormat> preferredFormat;
  private final boolean demo;
  private final Predicate<String> allowed;
  private final TimeSource ticker;
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
  private final Map<Mixer.Info, List<OfferedFormat>> offers = new ConcurrentHashMap<>();
  private final AtomicLong looks = new AtomicLong(); // odd while one is under way

  private volatile Map<String, Entry> snapshot = Map.of();
  private volatile Runnable changeListener = () -> {};

  /**
   * Makes a registry that has not looked yet.
   *
   * @param preferredFormat the capture format of a device, by its id, where it offers it
   * @param demo whether the tone is the default where no hardware can be captured
   * @param devices the virtual devices to add; their names must differ
   * @param allowed which device ids may be seen at all
   * @param ticker the pace of the looks, and the virtual devices' time
   */
  public DeviceRegistry(
      Function<String, PcmFormat> preferredFormat,
      boolean demo,
      List<VirtualDevice> devices,
      Predicate<String> allowed,
      TimeSource ticker) {
    this.preferredFormat = preferredFormat;
    this.demo = demo;
    this.allowed = allowed;
    this.ticker = ticker;
    devices.forEach(device -> virtual.add(VirtualMixerProvider.register(device, ticker)));
  }

  /** Sets who is told, on the registry's thread, that {@link #devices} gives something else now. */
  public void onChange(Runnable listener) {
    changeListener = listener;
  }

  /** Looks for the first time, for a few seconds at most, and from then on at a steady pace. */
  public void start() {
    CountDownLatch looked = new CountDownLatch(1);
    executor.execute(
        () -> {
          look();
          looked.countDown();
        });
    try {
      if (!looked.await(FIRST_LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("the sound system has not answered for {} ms; going on", FIRST_LOOK.toMillis());
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
    List<DeviceDescriptor> seen = all.stream().filter(d -> visible.test(d.id())).toList();
    Predicate<DeviceDescriptor> meant =
        id.isEmpty() ? DeviceDescriptor::isDefault : d -> d.id().equals(id);
    Optional<DeviceDescriptor> found = seen.stream().filter(meant).findFirst();
    return found.orElseThrow(
        () ->
            new StreamException(
                Reason.DEVICE_NOT_FOUND, id.isEmpty() ? noDefault(all, seen) : notThere(id, seen)));
  }

  private static String notThere(String id, List<DeviceDescriptor> seen) {
    return "device_id: %s (expected: %s)"
        .formatted(LogText.sanitizeAndTruncate(id), choices(seen, "no device is there now"));
  }

  private static String noDefault(List<DeviceDescriptor> all, List<DeviceDescriptor> seen) {
    return "device_id: empty (expected: %s; %s)"
        .formatted(
            choices(seen, "none is there"),
            all.stream().anyMatch(DeviceDescriptor::isDefault)
                ? "the default device is none that you may list"
                : "this machine has no capture hardware to be the default, and a server started"
                    + " with --demo would give a test tone");
  }

  private static String choices(List<DeviceDescriptor> seen, String none) {
    return seen.isEmpty()
        ? none
        : "one of " + String.join(", ", seen.stream().map(DeviceDescriptor::id).toList());
  }

  /**
   * Opens a device's line in its capture format. May block for as long as the sound system does.
   *
   * @param id its {@code device_id}
   * @param bufferNanos length of the line's buffer
   * @throws StreamException DEVICE_LOST or DEVICE_BUSY
   */
  public CaptureLine open(String id, long bufferNanos) throws StreamException {
    Entry entry = snapshot.get(id);
    if (entry != null) {
      try {
        return CaptureLine.open(entry.mixer(), entry.descriptor(), bufferNanos);
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
    return CaptureLine.open(entry.mixer(), entry.descriptor(), bufferNanos);
  }

  private void look() {
    long number = looks.incrementAndGet();
    ticker.schedule(LOOK_BOUND, () -> reportHang(number));
    try {
      Map<String, Entry> before = snapshot;
      Map<String, Entry> now = read();
      snapshot = now;
      if (!descriptors(now).equals(descriptors(before))) {
        changeListener.run();
      }
    } catch (RuntimeException e) {
      // The old list stays: a sound system in trouble must not take away what is being captured.
      log.warn("the sound system could not be asked for its devices", e);
    }
    looks.incrementAndGet();
    ticker.schedule(REFRESH, this::lookSoon);
  }

  private void lookSoon() {
    try {
      executor.execute(this::look);
    } catch (RejectedExecutionException e) {
      // Closed.
    }
  }

  private void reportHang(long number) {
    if (looks.get() == number) {
      log.warn(
          "the sound system has not answered for {}; the devices stay as last seen", LOOK_BOUND);
    }
  }

  private static List<DeviceDescriptor> descriptors(Map<String, Entry> entries) {
    return entries.values().stream().map(Entry::descriptor).toList();
  }

  private Map<String, Entry> read() {
    List<Mixer.Info> mixers =
        new ArrayList<>(
            Arrays.stream(AudioSystem.getMixerInfo())
                .filter(m -> !(m instanceof VirtualMixerProvider.Info))
                .toList());
    mixers.addAll(virtual);
    offers.keySet().retainAll(mixers);

    DeviceIds ids = new DeviceIds();
    Map<String, Entry> found = new LinkedHashMap<>();
    Mixer.Info chosen = null;
    for (Mixer.Info mixer : mixers) {
      List<OfferedFormat> formats = offersOf(mixer);
      if (formats.isEmpty()) {
        continue;
      }
      String id = ids.idOf(mixer);
      if (allowed.test(id)) {
        if (chosen == null && mayBeDefault(mixer)) {
          chosen = mixer;
        }
        found.put(id, new Entry(mixer, describe(id, mixer, mixer.equals(chosen), formats)));
      }
    }
    return found;
  }

  /** The sound system lists its own default first. Ours is never passed off as a microphone. */
  private boolean mayBeDefault(Mixer.Info mixer) {
    return !(mixer instanceof VirtualMixerProvider.Info ours)
        || (demo && ours.device() instanceof ToneDevice);
  }

  private DeviceDescriptor describe(
      String id, Mixer.Info mixer, boolean isDefault, List<OfferedFormat> formats) {
    return new DeviceDescriptor(
        id,
        mixer.getName(),
        mixer.getVendor(),
        mixer.getDescription(),
        isDefault,
        OfferedFormat.nearest(preferredFormat.apply(id), formats).orElseThrow(),
        formats);
  }

  private List<OfferedFormat> offersOf(Mixer.Info mixer) {
    List<OfferedFormat> known = offers.get(mixer);
    if (known == null || known.isEmpty()) {
      known = ask(mixer);
      offers.put(mixer, known);
    }
    return known;
  }

  private static List<OfferedFormat> ask(Mixer.Info mixer) {
    try {
      return Arrays.stream(AudioSystem.getMixer(mixer).getTargetLineInfo())
          .filter(line -> line.getLineClass() == TargetDataLine.class)
          .filter(DataLine.Info.class::isInstance)
          .flatMap(line -> Arrays.stream(((DataLine.Info) line).getFormats()))
          .flatMap(format -> SoundFormats.offered(format).stream())
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
