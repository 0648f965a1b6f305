package dev.lavalier.capture;

import dev.lavalier.audio.CaptureException;
import dev.lavalier.audio.CaptureException.Reason;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
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
 * <p>Safe for use from any thread.
 */
public final class DeviceRegistry implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(DeviceRegistry.class);

  /** How often the sound system is asked. */
  private static final Duration REFRESH = Duration.ofSeconds(3);

  /** How long a start waits for the first answer before it goes on without one. */
  private static final Duration FIRST_LOOK = Duration.ofSeconds(3);

  private record Entry(Mixer.Info mixer, DeviceDescriptor descriptor) {}

  private final PcmFormat preferredFormat;
  private final boolean demo;
  private final Predicate<String> allowed;
  private final List<VirtualMixerProvider.Info> virtual = new ArrayList<>();
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "lavalier-registry");
            thread.setDaemon(true);
            return thread;
          });
  // What a mixer offers is asked once: while we hold a device open, ALSA tells that it offers
  // nothing. Touched by the registry's thread alone.
  private final Map<Mixer.Info, List<OfferedFormat>> offers = new HashMap<>();

  private volatile Map<String, Entry> snapshot = Map.of();

  /**
   * Makes a registry that has not looked yet.
   *
   * @param preferredFormat the capture format, for each device that offers it
   * @param demo whether the tone is the default where no hardware can be captured
   * @param devices the virtual devices to add; their names must differ
   * @param allowed which device ids may be seen at all
   * @param ticker the virtual devices' time
   */
  public DeviceRegistry(
      PcmFormat preferredFormat,
      boolean demo,
      List<VirtualDevice> devices,
      Predicate<String> allowed,
      Ticker ticker) {
    this.preferredFormat = preferredFormat;
    this.demo = demo;
    this.allowed = allowed;
    devices.forEach(device -> virtual.add(VirtualMixerProvider.register(device, ticker)));
  }

  /** Looks for the first time, for a few seconds at most, and from then on at a steady pace. */
  public void start() {
    CountDownLatch looked = new CountDownLatch(1);
    var unused =
        executor.scheduleWithFixedDelay(
            () -> {
              look();
              looked.countDown();
            },
            0,
            REFRESH.toMillis(),
            TimeUnit.MILLISECONDS);
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
    return snapshot.values().stream().map(Entry::descriptor).toList();
  }

  /**
   * Returns the device that a request means.
   *
   * @param id a {@code device_id}; empty: the default
   * @throws CaptureException DEVICE_NOT_FOUND, with advice
   */
  public DeviceDescriptor resolve(String id) throws CaptureException {
    Map<String, Entry> now = snapshot;
    if (!id.isEmpty()) {
      Entry entry = now.get(id);
      if (entry == null) {
        throw new CaptureException(
            Reason.DEVICE_NOT_FOUND,
            "device_id: %s (expected: %s)".formatted(id, choices(now, "no device is there now")));
      }
      return entry.descriptor();
    }
    Optional<DeviceDescriptor> chosen =
        now.values().stream()
            .map(Entry::descriptor)
            .filter(DeviceDescriptor::isDefault)
            .findFirst();
    return chosen.orElseThrow(
        () ->
            new CaptureException(
                Reason.DEVICE_NOT_FOUND,
                "device_id: empty (expected: %s; this machine has no capture hardware to be the"
                        .formatted(choices(now, "none is there"))
                    + " default, and a server started with --demo would give a test tone)"));
  }

  private static String choices(Map<String, Entry> now, String none) {
    return now.isEmpty() ? none : "one of " + String.join(", ", now.keySet());
  }

  /**
   * Opens a device's line in its capture format. May block for as long as the sound system does.
   *
   * @param bufferNanos length of the line's buffer
   * @throws CaptureException DEVICE_NOT_FOUND, DEVICE_BUSY or FORMAT_NOT_AVAILABLE
   */
  public CaptureLine open(DeviceDescriptor device, long bufferNanos) throws CaptureException {
    Entry entry = snapshot.get(device.id());
    if (entry == null) {
      throw new CaptureException(
          Reason.DEVICE_NOT_FOUND,
          "device_id: %s (expected: a device that is there)".formatted(device.id()));
    }
    return CaptureLine.open(entry.mixer(), device, bufferNanos);
  }

  private void look() {
    try {
      snapshot = read();
    } catch (RuntimeException e) {
      // The old list stays: a sound system in trouble must not take away what is being captured.
      log.warn("the sound system could not be asked for its devices", e);
    }
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
        OfferedFormat.nearest(preferredFormat, formats).orElseThrow(),
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
