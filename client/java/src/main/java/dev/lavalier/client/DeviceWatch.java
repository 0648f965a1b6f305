package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.WatchDevicesRequest;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Channel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
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

  private final Runnable onTimeout;
  private final Consumer<DeviceWatch> onClose;

  /**
   * Starts the watch.
   *
   * @param answerTimeoutNanos how long the first {@link #read} waits
   * @param onTimeout runs if the server did not answer in that time
   * @param onClose runs when the watch is closed
   */
  DeviceWatch(
      Channel channel,
      Endpoint server,
      TimeSource timeSource,
      long answerTimeoutNanos,
      Runnable onTimeout,
      Consumer<DeviceWatch> onClose) {
    this.onTimeout = onTimeout;
    this.onClose = onClose;
    messages =
        new MessageStream<>(
            channel,
            AudioCaptureGrpc.getWatchDevicesMethod(),
            WatchDevicesRequest.getDefaultInstance(),
            server,
            timeSource,
            answerTimeoutNanos,
            () -> {});
  }

  /**
   * Waits for the next change; the first call returns the current devices, and waits at most 10 s.
   * An interrupt closes the watch and stays set.
   *
   * @return all devices after the change; null after this watch or its client was closed
   * @throws LavalierException if the server did not answer or ended the watch, or the connection is
   *     lost
   */
  public @Nullable List<Device> read() throws LavalierException {
    WatchDevicesResponse message;
    while ((message = take()) != null) {
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

  private @Nullable WatchDevicesResponse take() throws LavalierException {
    try {
      return messages.take();
    } catch (LavalierException e) {
      if (messages.timedOut()) {
        onTimeout.run();
      }
      throw e;
    }
  }

  /** Ends the watch. */
  @Override
  public void close() {
    messages.close();
    onClose.accept(this);
  }
}
