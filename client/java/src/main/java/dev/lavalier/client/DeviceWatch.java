package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.WatchDevicesRequest;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Channel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The server's devices, now and whenever one of them changes, until it is closed.
 *
 * <p>One thread reads. {@link #close} may be called from any thread, more than once; it releases
 * the reader.
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
   * Waits for the next change; the first is there at once.
   *
   * @return every device as it is after the change; null once this watch was closed
   * @throws LavalierException where the server ended it, or is gone
   */
  public List<Device> read() throws LavalierException {
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
        case CHANGE_NOT_SET -> { // what a newer server may send is not for us
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
