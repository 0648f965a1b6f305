package dev.lavalier.grpc;

import dev.lavalier.common.LogText;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.DeviceWatch;
import dev.lavalier.hub.Hub;
import dev.lavalier.service.Caller;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The grpc.health.v1 service: health of the server, of the service, of the connection to the fleet,
 * and of each device under the name {@code lavalier.v1.AudioCapture/<device_id>}. gRPC implements
 * all but the devices. A name of any other form never becomes known, so a watch of it ends. The
 * health of a device is read from the hub for each request, so there is no state to keep up to
 * date.
 *
 * <p>A device is SERVING while it can be captured, NOT_SERVING while it is lost or does not
 * respond, and unknown after it disappears. It is also unknown to a caller that cannot list it.
 */
final class HealthService extends HealthGrpc.HealthImplBase {

  /** The name for the health of the service. */
  static final String SERVICE = "lavalier.v1.AudioCapture";

  /** The name for the health of the connection to the fleet. */
  static final String FLEET = "lavalier.fleet";

  private static final String DEVICE = SERVICE + "/";

  /** The maximum size of a name. The id of a device is shorter. */
  private static final int MAX_NAME_BYTES = 256;

  private final HealthGrpc.AsyncService delegate;
  private final Hub hub;

  /**
   * Creates the service.
   *
   * @param delegate handles the names of the server and of the service
   * @param hub the source of the devices
   */
  HealthService(HealthStatusManager delegate, Hub hub) {
    this.delegate = (HealthGrpc.AsyncService) delegate.getHealthService();
    this.hub = hub;
  }

  @Override
  public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> observer) {
    String name = request.getService();
    if (isTooLong(name)) {
      observer.onError(tooLong(name));
      return;
    }
    if (isFixed(name)) {
      delegate.check(request, observer);
      return;
    }
    Caller caller = CallContext.current().caller();
    ServingStatus status =
        hub.devices().stream()
            .filter(device -> isVisible(device.device().id(), name, caller))
            .findFirst()
            .map(HealthService::health)
            .orElse(ServingStatus.SERVICE_UNKNOWN);
    if (status == ServingStatus.SERVICE_UNKNOWN) {
      observer.onError(unknown(name));
    } else {
      observer.onNext(response(status));
      observer.onCompleted();
    }
  }

  @Override
  public void watch(HealthCheckRequest request, StreamObserver<HealthCheckResponse> responses) {
    String name = request.getService();
    if (isTooLong(name)) {
      responses.onError(tooLong(name));
      return;
    }
    CallContext call = CallContext.current();
    Caller caller = call.caller();
    if (isFixed(name)) {
      delegate.watch(request, responses);
    } else if (name.startsWith(DEVICE) && caller.hasAccess()) {
      ServerCallStreamObserver<HealthCheckResponse> observer =
          (ServerCallStreamObserver<HealthCheckResponse>) responses;
      DeviceWatch watch =
          hub.watch(
              caller.subscriber(),
              id -> isVisible(id, name, caller),
              call.deliveryLoop(),
              new WatchedHealth(observer));
      observer.setOnCancelHandler(watch::cancel);
      observer.setOnCloseHandler(watch::cancel);
      observer.setOnReadyHandler(watch::requestUpdate);
    } else { // it never becomes known, so the call does not stay open
      responses.onNext(response(ServingStatus.SERVICE_UNKNOWN));
      responses.onError(unknown(name));
    }
  }

  private static boolean isTooLong(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES;
  }

  /** Returns whether a name is that of the server, of the service or of the fleet. */
  private static boolean isFixed(String name) {
    return name.isEmpty() || name.equals(SERVICE) || name.equals(FLEET);
  }

  private static boolean isVisible(String id, String name, Caller caller) {
    return name.length() == DEVICE.length() + id.length()
        && name.startsWith(DEVICE)
        && name.endsWith(id)
        && caller.canList(id);
  }

  private static StatusRuntimeException tooLong(String name) {
    return GrpcStatuses.of(
        new StreamException(
            Reason.INVALID_REQUEST,
            "service: %s (expected: no more than %d bytes)"
                .formatted(LogText.sanitizeAndTruncate(name), MAX_NAME_BYTES)));
  }

  private static StatusRuntimeException unknown(String name) {
    return GrpcStatuses.of(
        new StreamException(
            Reason.DEVICE_NOT_FOUND,
            "service: %s (expected: a device that ListDevices lists, after %s)"
                .formatted(LogText.sanitizeAndTruncate(name), DEVICE)));
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
