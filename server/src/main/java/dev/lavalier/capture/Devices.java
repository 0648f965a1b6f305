package dev.lavalier.capture;

import dev.lavalier.common.StreamException;
import java.util.List;

/**
 * A source of devices: the sound system, the virtual devices, or another machine. Safe for use from
 * any thread.
 */
public interface Devices extends AutoCloseable {

  /**
   * Starts to look for devices. Called once, before any other method. May wait some seconds for the
   * first answer.
   */
  void start();

  /**
   * Returns the devices that are there now, in the source's order, each id once. At most one is the
   * default. The list is a snapshot: this method never blocks.
   */
  List<DeviceDescriptor> list();

  /**
   * Sets the listener that is called when {@link #list} has changed, on a thread of the source. The
   * listener must not block. Called at most once, before {@link #start}.
   */
  void onChange(Runnable listener);

  /**
   * Opens a device in its capture format. May block for as long as the sound system does.
   *
   * @param deviceId one that {@link #list} gave
   * @return the open device, not started
   * @throws StreamException DEVICE_LOST if the device is not there any more, DEVICE_BUSY if it does
   *     not open
   */
  Capture open(String deviceId) throws StreamException;

  /** Stops looking for devices. Open captures continue. */
  @Override
  void close();
}
