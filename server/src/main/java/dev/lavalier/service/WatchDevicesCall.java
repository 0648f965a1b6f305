package dev.lavalier.service;

import dev.lavalier.common.StreamException;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.DeviceWatch;
import java.util.List;

/**
 * One WatchDevices call: sends the events of its watch as messages. Used only on the delivery loop
 * of the watch.
 */
final class WatchDevicesCall implements DeviceWatch.Sink {

  /** The side that the transport calls. */
  record Listener(DeviceWatch watch) implements CallListener {
    @Override
    public void onReady() {
      watch.requestUpdate();
    }

    @Override
    public void onCancel(String reason) {
      watch.cancel();
    }
  }

  private final CallSink sink;

  WatchDevicesCall(CallSink sink) {
    this.sink = sink;
  }

  @Override
  public boolean isReady() {
    return sink.isReady();
  }

  @Override
  public void onSnapshot(List<DeviceStatus> devices) {
    sink.send(ProtoMessages.snapshot(devices));
  }

  @Override
  public void onChanged(DeviceStatus device) {
    sink.send(ProtoMessages.changed(device));
  }

  @Override
  public void onRemoved(String deviceId) {
    sink.send(ProtoMessages.removed(deviceId));
  }

  @Override
  public void onEnd(StreamException reason) {
    sink.fail(reason);
  }
}
