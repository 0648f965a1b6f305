package dev.lavalier.grpc;

import dev.lavalier.hub.Hub;
import dev.lavalier.service.ProtoMessages;
import dev.lavalier.v1.AdminGrpc;
import dev.lavalier.v1.ListSubscriptionsRequest;
import dev.lavalier.v1.ListSubscriptionsResponse;
import io.grpc.stub.StreamObserver;

/**
 * The Admin service over gRPC. {@link dev.lavalier.service.CallAuthorizer} lets only callers with
 * the admin grant call it.
 */
final class AdminService extends AdminGrpc.AdminImplBase {

  private final Hub hub;

  AdminService(Hub hub) {
    this.hub = hub;
  }

  @Override
  public void listSubscriptions(
      ListSubscriptionsRequest request, StreamObserver<ListSubscriptionsResponse> observer) {
    String requestedId = request.getDeviceId();
    ListSubscriptionsResponse.Builder response = ListSubscriptionsResponse.newBuilder();
    hub.subscriptions().stream()
        .filter(status -> requestedId.isEmpty() || requestedId.equals(status.deviceId()))
        .forEach(status -> response.addSubscriptions(ProtoMessages.subscription(status)));
    observer.onNext(response.build());
    observer.onCompleted();
  }
}
