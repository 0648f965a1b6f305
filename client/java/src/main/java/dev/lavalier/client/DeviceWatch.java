package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.WatchDevicesRequest;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Channel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A watch of the server's devices. It returns all devices at once and again after each change,
 * until it is closed.
 *
 * <p>One thread reads. {@link #close} may be called from any thread, more than once; a waiting
 * reader then returns.
 */
public final class DeviceWatch implements AutoCloseable {

  private final MessageStream<WatchDevicesRequest, WatchDevicesResponse> messages;
  private final Map<String, Device> devices = new LinkedHashMap<>();

  DeviceWatch(Channel channel, Endpoint server) {
    messages =
        new MessageStream<>(
            channel,
            AudioCaptureGrpc.getWatchDevicesMethod(),
            WatchDevicesRequest.getDefaultInstance(),
            server,
            System::nanoTime);
  }

  /**
   * Waits for the next change; the first call returns the current devices. An interrupt closes the
   * watch and stays set.
   *
   * @return all devices after the change; null after this watch was closed
   * @throws LavalierException if the server ended the watch or the connection is lost
   */
  public @Nullable List<Device> read() throws LavalierException {
    WatchDevicesResponse message;
    while ((message = messages.take()) != null) {
      switch (message.getChangeCase()) {
        case SNAPSHOT -> {
          for (var device : message.getSnapshot().getDevicesList()) {
            devices.put(device.getDeviceId(), ProtoMapper.device(device));
          }
        }
        case DEVICE ->
            devices.put(message.getDevice().getDeviceId(), ProtoMapper.device(message.getDevice()));
        case REMOVED_DEVICE_ID -> devices.remove(message.getRemovedDeviceId());
        case CHANGE_NOT_SET -> { // a change that only newer clients know
          continue;
        }
      }
      return List.copyOf(devices.values());
    }
    return null;
  }

  /** Ends the watch. */
  @Override
  public void close() {
    messages.close();
  }
}
