package dev.lavalier.grpc;

import dev.lavalier.common.LogText;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
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
import org.jspecify.annotations.Nullable;

/**
 * The grpc.health.v1 service: health of the server, of the service, and of each device under the
 * name {@code lavalier.v1.AudioCapture/<device_id>}. gRPC implements the first two. The health of a
 * device is read from the hub for each request, so there is no state to keep up to date.
 *
 * <p>A device is SERVING while it can be captured, NOT_SERVING while it is lost or does not
 * respond, and unknown after it disappears. It is also unknown to a caller that cannot list it.
 */
final class HealthService extends HealthGrpc.HealthImplBase {

  /** The name for the health of the service. */
  static final String SERVICE = "lavalier.v1.AudioCapture";

  private static final String DEVICE = SERVICE + "/";

  private final HealthGrpc.AsyncService delegate;
  private final Hub hub;
  private final Supplier<DeliveryLoop> deliveryLoops;

  /**
   * Creates the service.
   *
   * @param delegate handles every name that is not a device
   * @param hub the source of the devices
   * @param deliveryLoops supplies the delivery loop for the call that runs on the current thread
   */
  HealthService(HealthStatusManager delegate, Hub hub, Supplier<DeliveryLoop> deliveryLoops) {
    this.delegate = (HealthGrpc.AsyncService) delegate.getHealthService();
    this.hub = hub;
    this.deliveryLoops = deliveryLoops;
  }

  @Override
  public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> observer) {
    String service = request.getService();
    if (service.isEmpty() || service.equals(SERVICE)) {
      delegate.check(request, observer);
      return;
    }
    String id = service.startsWith(DEVICE) ? service.substring(DEVICE.length()) : "";
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
                      .formatted(LogText.sanitizeAndTruncate(service), DEVICE))));
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

  /** The sending side of one Watch call. Used only on the delivery loop of the watch. */
  private static final class WatchedHealth implements DeviceWatch.Sink {

    private final ServerCallStreamObserver<HealthCheckResponse> observer;
    private @Nullable ServingStatus lastSent; // null: none sent yet

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
