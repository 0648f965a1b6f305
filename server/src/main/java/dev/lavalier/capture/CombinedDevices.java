package dev.lavalier.capture;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Combines several sources of devices into one. Devices are listed in the order of the sources. If
 * two sources use the same id, the device of the first source is served; but once a device was
 * opened, its id denotes the device of that source. The first default device is the default.
 * Devices that are not allowed are neither listed nor opened, whatever a source lists. Safe for use
 * from any thread.
 */
public final class CombinedDevices implements Devices {

  private static final Logger log = LoggerFactory.getLogger(CombinedDevices.class);

  private final List<Devices> sources;
  private final Predicate<String> allowed;
  private final Set<String> reportedIds = ConcurrentHashMap.newKeySet();
  private final Map<String, Devices> owners = new ConcurrentHashMap<>(); // of ids that were opened

  /**
   * Creates a combination of sources. It starts and closes the sources.
   *
   * @param allowed which device ids are served at all
   */
  public CombinedDevices(List<? extends Devices> sources, Predicate<String> allowed) {
    this.sources = List.copyOf(sources);
    this.allowed = allowed;
  }

  @Override
  public void start() {
    sources.forEach(Devices::start);
  }

  @Override
  public List<DeviceDescriptor> list() {
    Map<String, DeviceDescriptor> byId = new LinkedHashMap<>();
    boolean hasDefault = false;
    for (Devices source : sources) {
      for (DeviceDescriptor device : source.list()) {
        if (!allowed.test(device.id())) {
          continue;
        }
        if (byId.containsKey(device.id()) || !mayServe(source, device.id())) {
          reportDuplicate(device.id());
        } else {
          byId.put(device.id(), hasDefault ? device.asNotDefault() : device);
          hasDefault |= device.isDefault();
        }
      }
    }
    return List.copyOf(byId.values());
  }

  private boolean mayServe(Devices source, String id) {
    return owners.getOrDefault(id, source) == source;
  }

  private void reportDuplicate(String id) {
    if (reportedIds.add(id)) {
      log.warn("{}: two devices have this id; the second one is not served", id);
    }
  }

  @Override
  public void onChange(Runnable listener) {
    sources.forEach(source -> source.onChange(listener));
  }

  @Override
  public void keepListed(Predicate<String> isOpen) {
    sources.forEach(source -> source.keepListed(id -> mayServe(source, id) && isOpen.test(id)));
  }

  @Override
  public void countSubscribers(ToIntFunction<String> counter) {
    sources.forEach(source -> source.countSubscribers(counter));
  }

  @Override
  public Optional<RemoteState> remoteState(String deviceId) {
    for (Devices source : sources) {
      Optional<RemoteState> state =
          mayServe(source, deviceId) ? source.remoteState(deviceId) : Optional.empty();
      if (state.isPresent()) {
        return state;
      }
    }
    return Optional.empty();
  }

  @Override
  public void onRemoteState(Runnable listener) {
    sources.forEach(source -> source.onRemoteState(listener));
  }

  @Override
  public OptionalLong epochClockMicros(String deviceId) {
    for (Devices source : sources) {
      OptionalLong micros =
          mayServe(source, deviceId) ? source.epochClockMicros(deviceId) : OptionalLong.empty();
      if (micros.isPresent()) {
        return micros;
      }
    }
    return OptionalLong.empty();
  }

  @Override
  public Capture open(String deviceId) throws StreamException {
    if (!allowed.test(deviceId)) {
      throw notAvailable(deviceId);
    }
    for (Devices source : sources) {
      if (mayServe(source, deviceId)
          && source.list().stream().anyMatch(device -> device.id().equals(deviceId))) {
        return open(source, deviceId);
      }
    }
    return openUnlisted(deviceId);
  }

  /** Tries all sources, because a device that has just returned may not be listed yet. */
  private Capture openUnlisted(String deviceId) throws StreamException {
    for (Devices source : sources) {
      if (!mayServe(source, deviceId)) {
        continue;
      }
      try {
        return open(source, deviceId);
      } catch (StreamException e) {
        if (e.reason() != Reason.DEVICE_LOST) {
          throw e;
        }
      }
    }
    throw notAvailable(deviceId);
  }

  private Capture open(Devices source, String id) throws StreamException {
    Capture capture = source.open(id);
    owners.putIfAbsent(id, source);
    return capture;
  }

  private static StreamException notAvailable(String deviceId) {
    return new StreamException(
        Reason.DEVICE_LOST,
        "device_id: %s (expected: a device that is available)".formatted(deviceId));
  }

  @Override
  public void close() {
    sources.forEach(Devices::close);
  }
}
