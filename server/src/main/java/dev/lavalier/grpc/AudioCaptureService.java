package dev.lavalier.grpc;

import dev.lavalier.access.Grants;
import dev.lavalier.audio.StreamException;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.DeviceWatch;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.Subscription;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.ListDevicesResponse;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.WatchDevicesRequest;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;

/**
 * The AudioCapture service on a hub. No method blocks, so it may run on the transport's own threads
 * ({@code directExecutor}).
 *
 * <p>Bound by hand and not by the generated base class, because the frames are encoded already: see
 * {@link EncodedMarshaller}.
 */
public final class AudioCaptureService implements BindableService {

  private static final MethodDescriptor<StreamFramesRequest, byte[]> STREAM_FRAMES =
      AudioCaptureGrpc.getStreamFramesMethod().toBuilder(
              AudioCaptureGrpc.getStreamFramesMethod().getRequestMarshaller(),
              new EncodedMarshaller())
          .build();

  private static final MethodDescriptor<PullFramesRequest, byte[]> PULL_FRAMES =
      AudioCaptureGrpc.getPullFramesMethod().toBuilder(
              AudioCaptureGrpc.getPullFramesMethod().getRequestMarshaller(),
              new EncodedMarshaller())
          .build();

  private final Hub hub;
  private final Supplier<DeliveryLoop> deliveryLoops;

  /**
   * Makes the service.
   *
   * @param hub where the audio comes from
   * @param deliveryLoops the lane for the call that runs on the current thread
   */
  public AudioCaptureService(Hub hub, Supplier<DeliveryLoop> deliveryLoops) {
    this.hub = hub;
    this.deliveryLoops = deliveryLoops;
  }

  /** Returns the health of what this serves, and of each device. */
  HealthService health(HealthStatusManager others) {
    return new HealthService(others, hub, deliveryLoops);
  }

  @Override
  public ServerServiceDefinition bindService() {
    ServiceDescriptor generated = AudioCaptureGrpc.getServiceDescriptor();
    ServiceDescriptor descriptor =
        ServiceDescriptor.newBuilder(generated.getName())
            .setSchemaDescriptor(generated.getSchemaDescriptor())
            .addMethod(AudioCaptureGrpc.getListDevicesMethod())
            .addMethod(AudioCaptureGrpc.getWatchDevicesMethod())
            .addMethod(STREAM_FRAMES)
            .addMethod(PULL_FRAMES)
            .build();
    return ServerServiceDefinition.builder(descriptor)
        .addMethod(
            AudioCaptureGrpc.getListDevicesMethod(), ServerCalls.asyncUnaryCall(this::listDevices))
        .addMethod(
            AudioCaptureGrpc.getWatchDevicesMethod(),
            ServerCalls.asyncServerStreamingCall(this::watchDevices))
        .addMethod(STREAM_FRAMES, ServerCalls.asyncServerStreamingCall(this::streamFrames))
        .addMethod(PULL_FRAMES, ServerCalls.asyncBidiStreamingCall(this::pullFrames))
        .build();
  }

  private void listDevices(
      ListDevicesRequest request, StreamObserver<ListDevicesResponse> observer) {
    ListDevicesResponse.Builder response = ListDevicesResponse.newBuilder();
    Grants grants = Caller.current().grants();
    hub.devices().stream()
        .filter(status -> grants.canList(status.device().id()))
        .forEach(status -> response.addDevices(ProtoMessages.device(status)));
    observer.onNext(response.build());
    observer.onCompleted();
  }

  private void watchDevices(
      WatchDevicesRequest request, StreamObserver<WatchDevicesResponse> responses) {
    ServerCallStreamObserver<WatchDevicesResponse> observer =
        (ServerCallStreamObserver<WatchDevicesResponse>) responses;
    Caller caller = Caller.current();
    DeviceWatch watch =
        hub.watch(
            caller.subscriber(),
            id -> caller.grants().canList(id),
            deliveryLoops.get(),
            new WatchDevicesCall(observer));
    observer.setOnCancelHandler(watch::cancel);
    observer.setOnReadyHandler(watch::requestUpdate);
  }

  private void streamFrames(StreamFramesRequest request, StreamObserver<byte[]> responses) {
    ServerCallStreamObserver<byte[]> observer = (ServerCallStreamObserver<byte[]>) responses;
    try {
      Caller caller = Caller.current();
      SubscriptionSpec spec = spec(caller, request);
      observer.setOnReadyThreshold(readyBytes(spec));
      Subscription subscription =
          hub.subscribe(
              caller.subscriber(), spec, deliveryLoops.get(), new StreamFramesCall(observer));
      // Cancelled, past its deadline, or its connection dead: gRPC tells all three this way.
      observer.setOnCancelHandler(() -> subscription.cancel(CallTracer.cancellationReason()));
      observer.setOnReadyHandler(subscription::wake);
    } catch (StreamException e) {
      observer.onError(GrpcStatuses.of(e));
    }
  }

  /**
   * What lies behind isReady is out of the queue's reach: let that be two frames. Of short ones 20
   * ms, so that what one period brought is written at once.
   */
  private static int readyBytes(SubscriptionSpec spec) {
    int samples = Math.max(2 * spec.frameSize(), spec.format().sampleRateHz() / 50);
    return samples * spec.format().bytesPerSampleFrame();
  }

  private StreamObserver<PullFramesRequest> pullFrames(StreamObserver<byte[]> responses) {
    ServerCallStreamObserver<byte[]> observer = (ServerCallStreamObserver<byte[]>) responses;
    // Credit is the bound; this lets no second frame be written before the first is on its way.
    observer.setOnReadyThreshold(1);
    Caller caller = Caller.current();
    DeliveryLoop deliveryLoop = deliveryLoops.get();
    PullFramesCall call =
        new PullFramesCall(
            observer,
            deliveryLoop,
            (request, sink) ->
                hub.subscribe(caller.subscriber(), spec(caller, request), deliveryLoop, sink));
    observer.setOnCancelHandler(() -> call.cancel(CallTracer.cancellationReason()));
    observer.setOnReadyHandler(call::wake);
    return call;
  }

  private SubscriptionSpec spec(Caller caller, StreamFramesRequest request) throws StreamException {
    caller.checkAuthenticated();
    Grants grants = caller.grants();
    DeviceDescriptor device = hub.resolve(request.getDeviceId(), grants::canList);
    caller.checkCanStream(device.id());
    return RequestParser.spec(request, device);
  }
}
