package dev.lavalier.grpc;

import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.StreamException.Reason;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.DeviceWatch;
import dev.lavalier.hub.Hub;
import dev.lavalier.service.Caller;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.function.Supplier;

/**
 * grpc.health.v1: of the server, of the service, and of each device under the name {@code
 * lavalier.v1.AudioCapture/<device_id>}. The first two are gRPC's own; a device's is asked of the
 * hub, so there is nothing to keep in step.
 *
 * <p>A device is SERVING while it can be captured, NOT_SERVING while it is lost or does not
 * respond, and unknown once it is gone. It is also unknown to a caller that may not list it.
 */
final class HealthService extends HealthGrpc.HealthImplBase {

  /** The name under which the service's health is asked. */
  static final String SERVICE = "lavalier.v1.AudioCapture";

  private static final String DEVICE = SERVICE + "/";

  private final HealthGrpc.AsyncService delegate;
  private final Hub hub;
  private final Supplier<DeliveryLoop> deliveryLoops;

  /**
   * Makes the service.
   *
   * @param delegate answers for every name that is not a device
   * @param deliveryLoops the delivery loop for the call that runs on the current thread
   */
  HealthService(HealthStatusManager delegate, Hub hub, Supplier<DeliveryLoop> deliveryLoops) {
    this.delegate = (HealthGrpc.AsyncService) delegate.getHealthService();
    this.hub = hub;
    this.deliveryLoops = deliveryLoops;
  }

  @Override
  public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> observer) {
    if (!request.getService().startsWith(DEVICE)) {
      delegate.check(request, observer);
      return;
    }
    String id = request.getService().substring(DEVICE.length());
    Caller caller = CallerContext.current();
    ServingStatus status =
        hub.devices().stream()
            .filter(device -> device.device().id().equals(id) && caller.canList(id))
            .findFirst()
            .map(HealthService::health)
            .orElse(ServingStatus.SERVICE_UNKNOWN);
    if (status == ServingStatus.SERVICE_UNKNOWN) {
      observer.onError(
          GrpcStatuses.of(
              new StreamException(
                  Reason.DEVICE_NOT_FOUND,
                  "service: %s (expected: a device that ListDevices lists, after %s)"
                      .formatted(request.getService(), DEVICE))));
    } else {
      observer.onNext(response(status));
      observer.onCompleted();
    }
  }

  @Override
  public void watch(HealthCheckRequest request, StreamObserver<HealthCheckResponse> responses) {
    if (!request.getService().startsWith(DEVICE)) {
      delegate.watch(request, responses);
      return;
    }
    ServerCallStreamObserver<HealthCheckResponse> observer =
        (ServerCallStreamObserver<HealthCheckResponse>) responses;
    String id = request.getService().substring(DEVICE.length());
    Caller caller = CallerContext.current();
    DeviceWatch watch =
        hub.watch(
            caller.subscriber(),
            other -> other.equals(id) && caller.canList(id),
            deliveryLoops.get(),
            new WatchedHealth(observer));
    observer.setOnCancelHandler(watch::cancel);
    observer.setOnReadyHandler(watch::requestUpdate);
  }

  private static ServingStatus health(DeviceStatus device) {
    return switch (device.state()) {
      case CLOSED, OPENING, OPEN, CLOSING -> ServingStatus.SERVING;
      case LOST, NOT_RESPONDING -> ServingStatus.NOT_SERVING;
    };
  }

  private static HealthCheckResponse response(ServingStatus status) {
    return HealthCheckResponse.newBuilder().setStatus(status).build();
  }

  /** The sending side of one Watch call. Used on the watch's delivery loop only. */
  private static final class WatchedHealth implements DeviceWatch.Sink {

    private final ServerCallStreamObserver<HealthCheckResponse> observer;
    private ServingStatus lastSent; // null: nothing yet

    WatchedHealth(ServerCallStreamObserver<HealthCheckResponse> observer) {
      this.observer = observer;
    }

    @Override
    public boolean isReady() {
      return observer.isReady();
    }

    @Override
    public void onSnapshot(List<DeviceStatus> devices) {
      sendIfChanged(devices.isEmpty() ? ServingStatus.SERVICE_UNKNOWN : health(devices.get(0)));
    }

    @Override
    public void onChanged(DeviceStatus device) {
      sendIfChanged(health(device));
    }

    @Override
    public void onRemoved(String deviceId) {
      sendIfChanged(ServingStatus.SERVICE_UNKNOWN);
    }

    @Override
    public void onEnd(StreamException reason) {
      observer.onError(GrpcStatuses.of(reason));
    }

    private void sendIfChanged(ServingStatus status) {
      if (status != lastSent) {
        lastSent = status;
        observer.onNext(response(status));
      }
    }
  }
}
