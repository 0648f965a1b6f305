package dev.lavalier.capture.javasound;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.SupportedFormat;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import javax.sound.sampled.Mixer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the list of devices from what the sound system reports in each poll: their ids, their
 * formats and the default. It makes no calls into the sound system and reads no clock, so the same
 * reports always give the same lists. Safe for use from any thread.
 *
 * <p>The sound system creates all mixers anew when a device is plugged in or removed. A mixer is
 * recognized by its object, or else by its {@link MixerIdentity}. Equal mixers are recognized by
 * their order while their number stays the same. If the number changes, nothing tells which of them
 * was plugged in or removed, so none of them gets an id that was used: an id that was opened once
 * denotes the same device for as long as this object exists.
 */
final class DeviceList {

  private static final Logger log = LoggerFactory.getLogger(DeviceList.class);

  /**
   * A mixer that the sound system reports.
   *
   * @param formats the formats that it lists now; none if it is in use, or cannot capture
   */
  record ReportedMixer(Mixer.Info mixer, List<SupportedFormat> formats) {}

  /**
   * A device in the list.
   *
   * @param mixer null if the sound system does not report the device, which is open
   */
  record ListedDevice(DeviceDescriptor descriptor, Mixer.@Nullable Info mixer) {}

  /** A mixer of the last report. */
  private static final class PluggedMixer {
    final Mixer.Info mixer;
    final MixerIdentity identity;
    final List<SupportedFormat> formats;
    @Nullable Device device; // null: it has not listed a format yet

    PluggedMixer(ReportedMixer reported) {
      mixer = reported.mixer();
      identity = MixerIdentity.of(mixer);
      formats = reported.formats();
    }

    boolean listsFormats() {
      return !formats.isEmpty();
    }
  }

  /** A device that has an id. */
  private static final class Device {
    final String id;
    final MixerIdentity identity;
    Mixer.Info mixer; // the last one
    List<SupportedFormat> formats; // that the sound system listed last; never empty
    boolean isPlugged;
    boolean wasOpened;
    boolean isGivenUp; // the log has reported that its id is not given again

    Device(String id, PluggedMixer plugged) {
      this.id = id;
      this.identity = plugged.identity;
      this.mixer = plugged.mixer;
      this.formats = plugged.formats;
    }
  }

  private final Function<String, PcmFormat> preferredFormat;
  private final Predicate<String> allowed;
  private final Predicate<String> isOpen;

  private List<PluggedMixer> plugged = List.of();
  private final Map<String, Device> devices = new LinkedHashMap<>(); // by id, also removed ones
  private final Set<String> confusedModels = new HashSet<>();
  private String defaultId = "";

  /**
   * Creates an empty list.
   *
   * @param preferredFormat returns the preferred capture format for a device id
   * @param allowed returns whether a device id is listed at all
   * @param isOpen returns whether a device id is open or is being opened, and was not lost
   */
  DeviceList(
      Function<String, PcmFormat> preferredFormat,
      Predicate<String> allowed,
      Predicate<String> isOpen) {
    this.preferredFormat = preferredFormat;
    this.allowed = allowed;
    this.isOpen = isOpen;
  }

  /**
   * Takes a report and returns the devices by id: those that are plugged in, in the order of the
   * report, and then those that are open, although they are not reported. A device that has listed
   * formats once stays in the list while it lists none.
   */
  synchronized Map<String, ListedDevice> update(List<ReportedMixer> report) {
    devices.values().forEach(device -> device.wasOpened |= isOpen.test(device.id));
    List<PluggedMixer> reported = report.stream().map(PluggedMixer::new).toList();
    Set<String> confused = recognize(reported);
    plugged = reported;
    devices.values().forEach(device -> device.isPlugged = false);
    plugged.forEach(DeviceList::attach);
    confused.forEach(this::confuse);
    assignIds();
    return list();
  }

  /**
   * Notes that a device is about to be opened: from now on, its id denotes no other device.
   *
   * @return false if the id does not denote the device of this mixer any more
   */
  synchronized boolean use(String id, Mixer.Info mixer) {
    Device device = devices.get(id);
    if (device == null || !device.isPlugged || !device.mixer.equals(mixer)) {
      return false;
    }
    device.wasOpened = true;
    return true;
  }

  /**
   * Finds the devices of the mixers that were reported before.
   *
   * @return the models of which it is unknown which mixers are new
   */
  private Set<String> recognize(List<PluggedMixer> reported) {
    Map<Mixer.Info, PluggedMixer> left = new LinkedHashMap<>();
    plugged.forEach(p -> left.put(p.mixer, p));
    List<PluggedMixer> arrived = new ArrayList<>();
    for (PluggedMixer mixer : reported) {
      PluggedMixer same = left.remove(mixer.mixer);
      if (same == null) {
        arrived.add(mixer);
      } else {
        mixer.device = same.device;
      }
    }
    Set<String> confused = new HashSet<>();
    Map<MixerIdentity, List<PluggedMixer>> arrivedEquals = byIdentity(arrived);
    byIdentity(left.values())
        .forEach(
            (identity, before) -> {
              List<PluggedMixer> after = arrivedEquals.getOrDefault(identity, List.of());
              if (!recognizeInOrder(before, after) && !after.isEmpty()) {
                confused.add(identity.model());
              }
            });
    return confused;
  }

  private static Map<MixerIdentity, List<PluggedMixer>> byIdentity(Collection<PluggedMixer> of) {
    return of.stream().collect(groupingBy(p -> p.identity, LinkedHashMap::new, toList()));
  }

  /**
   * Pairs equal mixers in their order.
   *
   * @return false if their numbers differ, so that it is unknown which devices the new ones are
   */
  private static boolean recognizeInOrder(List<PluggedMixer> before, List<PluggedMixer> after) {
    if (before.size() != after.size()) {
      return before.stream().allMatch(p -> p.device == null);
    }
    for (int i = 0; i < before.size(); i++) {
      after.get(i).device = before.get(i).device;
    }
    return true;
  }

  private static void attach(PluggedMixer plugged) {
    if (plugged.device != null) {
      plugged.device.isPlugged = true;
      plugged.device.mixer = plugged.mixer;
      if (plugged.listsFormats()) {
        plugged.device.formats = plugged.formats;
      }
    }
  }

  /** Gives up the removed devices of a model: none of them is recognized when it returns. */
  private void confuse(String model) {
    confusedModels.add(model);
    devices.values().removeIf(d -> isRemoved(d, model) && !d.wasOpened);
    List<Device> givenUp =
        devices.values().stream().filter(d -> isRemoved(d, model) && !d.isGivenUp).toList();
    if (!givenUp.isEmpty()) {
      givenUp.forEach(device -> device.isGivenUp = true);
      log.warn(
          "{}: the sound system does not report which of several equal devices was removed or"
              + " plugged in; the devices get new ids until the server restarts",
          givenUp.stream().map(d -> d.id).toList());
    }
  }

  private static boolean isRemoved(Device device, String model) {
    return !device.isPlugged && device.identity.model().equals(model);
  }

  /** Gives the mixers that have no device yet the ids of devices that return, or new ids. */
  private void assignIds() {
    Map<String, List<PluggedMixer>> byModel =
        plugged.stream()
            .filter(p -> p.device == null)
            .filter(p -> p.listsFormats() || isKnownAndUnique(p.identity))
            .collect(groupingBy(p -> p.identity.model(), LinkedHashMap::new, toList()));
    byModel.forEach(
        (model, mixers) -> {
          if (!returnsId(model, mixers)) {
            mixers.stream().filter(PluggedMixer::listsFormats).forEach(this::giveNewId);
          }
        });
  }

  /** A device that another program opens at once lists no formats, but its name identifies it. */
  private boolean isKnownAndUnique(MixerIdentity identity) {
    return identity.isUnique()
        && devices.values().stream().anyMatch(d -> !d.isPlugged && d.identity.equals(identity));
  }

  private boolean returnsId(String model, List<PluggedMixer> mixers) {
    List<Device> removed = devices.values().stream().filter(d -> isRemoved(d, model)).toList();
    boolean mayReturn =
        removed.stream()
            .anyMatch(d -> mixers.stream().anyMatch(m -> m.identity.equals(d.identity)));
    if (!mayReturn) {
      return false;
    }
    if (removed.size() == 1 && mixers.size() == 1 && !confusedModels.contains(model)) {
      mixers.get(0).device = removed.get(0);
      attach(mixers.get(0));
      return true;
    }
    confuse(model);
    return false;
  }

  private void giveNewId(PluggedMixer mixer) {
    String base = mixer.identity.baseId();
    String id = base;
    for (int number = 2; !isFree(id, mixer.identity.model()); number++) {
      id = base + "#" + number;
    }
    Device previous = devices.remove(id);
    if (previous != null
        && devices.values().stream().anyMatch(d -> isRemoved(d, previous.identity.model()))) {
      confusedModels.add(previous.identity.model()); // one of its removed devices is forgotten
    }
    mixer.device = new Device(id, mixer);
    devices.put(id, mixer.device);
    attach(mixer);
  }

  private boolean isFree(String id, String model) {
    Device device = devices.get(id);
    return device == null
        || (!device.isPlugged && !device.wasOpened && !device.identity.model().equals(model));
  }

  private Map<String, ListedDevice> list() {
    Map<String, Device> listed = new LinkedHashMap<>();
    for (PluggedMixer mixer : plugged) {
      if (mixer.device != null && allowed.test(mixer.device.id)) {
        listed.put(mixer.device.id, mixer.device);
      }
    }
    devices.values().stream()
        .filter(d -> !d.isPlugged && isOpen.test(d.id) && allowed.test(d.id))
        .forEach(d -> listed.put(d.id, d));
    if (!listed.isEmpty() && !listed.containsKey(defaultId)) {
      defaultId = listed.keySet().iterator().next(); // the sound system lists its default first
    }
    Map<String, ListedDevice> list = new LinkedHashMap<>();
    listed.forEach(
        (id, d) -> list.put(id, new ListedDevice(describe(d), d.isPlugged ? d.mixer : null)));
    return list;
  }

  private DeviceDescriptor describe(Device device) {
    Mixer.Info mixer = device.mixer;
    return new DeviceDescriptor(
        device.id,
        mixer.getName(),
        mixer.getVendor(),
        mixer.getDescription(),
        device.id.equals(defaultId),
        SupportedFormat.closest(preferredFormat.apply(device.id), device.formats).orElseThrow(),
        device.formats);
  }
}
