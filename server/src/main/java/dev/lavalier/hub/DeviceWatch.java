package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Somebody who wants to know which devices there are: all at once, then what has changed since.
 * What changes twice before it could be told is told once, so nothing piles up.
 *
 * <p>{@link #requestUpdate} and {@link #cancel} may be called from any thread, never block, and may
 * be called again. The sink is called on the lane.
 */
public final class DeviceWatch {

  /** Where it is told. Called on the lane, one call at a time; must not block. */
  public interface Sink {
    /**
     * Tells whether a message given now would go out; where not, {@link #requestUpdate} must
     * follow.
     */
    boolean isReady();

    /** Every device there is; the first call of all. */
    void onSnapshot(List<DeviceStatus> devices);

    /** A device that is new, or changed. */
    void onChanged(DeviceStatus device);

    /** A device that went. */
    void onRemoved(String deviceId);

    /** The server ends it. */
    void onEnd(StreamException reason);
  }

  private final Subscriber watcher;
  private final Supplier<List<DeviceStatus>> devices;
  private final DeliveryLoop deliveryLoop;
  private final Sink sink;
  private final Runnable onClosed;
  private final AtomicBoolean updatePending = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();

  private Map<String, DeviceStatus> lastSent; // the lane's thread alone; null: nothing yet

  DeviceWatch(
      Subscriber watcher,
      Supplier<List<DeviceStatus>> devices,
      DeliveryLoop deliveryLoop,
      Sink sink,
      Consumer<DeviceWatch> onClosed) {
    this.watcher = watcher;
    this.devices = devices;
    this.deliveryLoop = deliveryLoop;
    this.sink = sink;
    this.onClosed = () -> onClosed.accept(this);
  }

  Subscriber watcher() {
    return watcher;
  }

  /** Has it look soon: something changed, or the sink has become ready. */
  public void requestUpdate() {
    if (updatePending.compareAndSet(false, true)) {
      deliveryLoop.execute(this::sendChanges);
    }
  }

  /** Ends it by the watcher's wish: the sink hears nothing any more. */
  public void cancel() {
    closed.set(true);
    onClosed.run();
  }

  /** Ends it by ours. */
  void close(StreamException reason) {
    if (closed.compareAndSet(false, true)) {
      onClosed.run();
      deliveryLoop.execute(() -> sink.onEnd(reason));
    }
  }

  private void sendChanges() {
    updatePending.set(false);
    if (closed.get() || !sink.isReady()) {
      return;
    }
    Map<String, DeviceStatus> now = new LinkedHashMap<>();
    devices.get().forEach(status -> now.put(status.device().id(), status));
    if (lastSent == null) {
      sink.onSnapshot(List.copyOf(now.values()));
    } else {
      lastSent.keySet().stream().filter(id -> !now.containsKey(id)).forEach(sink::onRemoved);
      now.forEach(
          (id, status) -> {
            if (!status.equals(lastSent.get(id))) {
              sink.onChanged(status);
            }
          });
    }
    lastSent = now;
  }
}
