package dev.lavalier.capture;

import dev.lavalier.common.StreamException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * A source of devices: the sound system, the virtual devices, or another machine. Safe for use from
 * any thread.
 */
public interface Devices extends AutoCloseable {

  /**
   * Starts to poll for devices. Called once, after {@link #onChange} and before the other methods.
   * May block for some seconds until the first list is available.
   */
  void start();

  /**
   * Returns the devices that are available now, in the order of the source, each id once. At most
   * one is the default. The list is a snapshot: this method never blocks.
   */
  List<DeviceDescriptor> list();

  /**
   * Sets the listener that is called when {@link #list} has changed, on a thread of the source. The
   * listener must not block. Called at most once, before {@link #start}.
   */
  void onChange(Runnable listener);

  /**
   * Sets how the source learns which device ids are in use. A source whose sound system can leave
   * out a device while it is open keeps that device in {@link #list}. Called at most once, from any
   * thread.
   *
   * @param isOpen returns whether a device id is open or is being opened, and was not lost; does
   *     not block
   */
  default void keepListed(Predicate<String> isOpen) {}

  /**
   * Sets how the source learns how many subscriptions a device has, for a source that tells another
   * machine. Called at most once, from any thread.
   *
   * @param counter returns the number of subscriptions of a device id; does not block
   */
  default void countSubscribers(ToIntFunction<String> counter) {}

  /**
   * Returns the state of a listed device on the machine that has it; empty for a device of this
   * machine. It is what clients see while the device is not open here. Never blocks.
   */
  default Optional<RemoteState> remoteState(String deviceId) {
    return Optional.empty();
  }

  /**
   * Sets the listener that is called when {@link #remoteState} of devices has changed, on a thread
   * of the source. The listener must not block. Called at most once, before {@link #start}.
   */
  default void onRemoteState(Runnable listener) {}

  /**
   * Returns the current unix time in microseconds by the clock that numbers the epochs of a device;
   * empty if the hub numbers them, or if that clock is not known. Never blocks.
   *
   * @see Capture#epoch
   */
  default OptionalLong epochClockMicros(String deviceId) {
    return OptionalLong.empty();
  }

  /**
   * Opens a device in its capture format. May block for as long as the sound system does. An id
   * that was opened once never opens another device, except one that the source cannot distinguish
   * from it.
   *
   * @param deviceId an id that {@link #list} returned
   * @return the open device, not started
   * @throws StreamException DEVICE_LOST if the device is not available any more, DEVICE_BUSY if it
   *     does not open
   */
  Capture open(String deviceId) throws StreamException;

  /** Stops polling for devices. Open captures continue. */
  @Override
  void close();
}
