package dev.lavalier.grpc;

import dev.lavalier.audio.StreamException;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.DeviceWatch;
import dev.lavalier.v1.DeviceSnapshot;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;

/** The sending side of one WatchDevices call. Used on the watch's lane alone. */
final class WatchDevicesCall implements DeviceWatch.Sink {

  private final ServerCallStreamObserver<WatchDevicesResponse> observer;

  WatchDevicesCall(ServerCallStreamObserver<WatchDevicesResponse> observer) {
    this.observer = observer;
  }

  @Override
  public boolean isReady() {
    return observer.isReady();
  }

  @Override
  public void onSnapshot(List<DeviceStatus> devices) {
    DeviceSnapshot.Builder snapshot = DeviceSnapshot.newBuilder();
    devices.forEach(device -> snapshot.addDevices(ProtoMessages.device(device)));
    observer.onNext(WatchDevicesResponse.newBuilder().setSnapshot(snapshot).build());
  }

  @Override
  public void onChanged(DeviceStatus device) {
    observer.onNext(
        WatchDevicesResponse.newBuilder().setDevice(ProtoMessages.device(device)).build());
  }

  @Override
  public void onRemoved(String deviceId) {
    observer.onNext(WatchDevicesResponse.newBuilder().setRemovedDeviceId(deviceId).build());
  }

  @Override
  public void onEnd(StreamException reason) {
    observer.onError(GrpcStatuses.of(reason));
  }
}
