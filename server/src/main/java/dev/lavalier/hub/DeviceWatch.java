package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Watches the list of devices for one watcher: sends all devices first, then the changes. Several
 * changes of a device are combined if they cannot be sent in between, so no messages accumulate.
 *
 * <p>{@link #requestUpdate} and {@link #cancel} may be called from any thread, repeatedly, and
 * never block. The sink is called on the delivery loop.
 */
public final class DeviceWatch {

  /**
   * Receives the messages of a watch. Called on the delivery loop, one call at a time; must not
   * block.
   */
  public interface Sink {
    /**
     * Returns whether a message would be sent at once. After it returned false, {@link
     * #requestUpdate} must be called when the sink becomes ready.
     */
    boolean isReady();

    /** Called first, with all visible devices. */
    void onSnapshot(List<DeviceStatus> devices);

    /** Called for each device that is new or has changed. */
    void onChanged(DeviceStatus device);

    /** Called for each device that is not listed any more. */
    void onRemoved(String deviceId);

    /** Called when the server ends the watch. */
    void onEnd(StreamException reason);
  }

  private final Subscriber watcher;
  private final Supplier<List<DeviceStatus>> devices;
  private final DeliveryLoop deliveryLoop;
  private final Sink sink;
  private final Runnable onClosed;
  private final Runnable update = this::update;
  private final Runnable schedule = this::schedule;
  private final AtomicBoolean updatePending = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile boolean cancelled;

  private @Nullable Map<String, DeviceStatus> lastSent; // delivery loop only; null: nothing yet

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

  /** Schedules an update. Call it when a device has changed or the sink has become ready. */
  public void requestUpdate() {
    if (updatePending.compareAndSet(false, true) && !deliveryLoop.execute(schedule)) {
      updatePending.set(false);
    }
  }

  /**
   * Cancels the watch for the watcher. After the task that is running on the delivery loop, the
   * sink is not called any more.
   */
  public void cancel() {
    cancelled = true; // the server may have ended it, and not have reported that yet
    closed.set(true);
    onClosed.run();
  }

  /** Ends the watch for a reason of the server, and reports the reason to the sink. */
  void close(StreamException reason) {
    if (closed.compareAndSet(false, true)) {
      onClosed.run();
      deliveryLoop.execute(
          () -> {
            if (!cancelled) {
              sink.onEnd(reason);
            }
          });
    }
  }

  private void schedule() {
    deliveryLoop.scheduleDeferrable(update);
  }

  private void update() {
    updatePending.set(false);
    try {
      sendChanges();
    } catch (RuntimeException | Error e) {
      deliveryLoop.report(e);
      close(Subscription.serverFailed(e));
    }
  }

  private void sendChanges() {
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
