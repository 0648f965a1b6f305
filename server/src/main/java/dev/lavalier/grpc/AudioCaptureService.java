package dev.lavalier.grpc;

import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.RequestListener;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.GetServerInfoRequest;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.WatchDevicesRequest;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;

/**
 * The AudioCapture service over gRPC: each call becomes a call of {@link AudioCaptureCalls}. No
 * method blocks, so the service can run on the threads of the transport ({@code directExecutor}).
 *
 * <p>It does not extend the generated base class, because the responses are already encoded: see
 * {@link EncodedMarshaller}.
 */
final class AudioCaptureService implements BindableService {

  private static final MethodDescriptor<ListDevicesRequest, byte[]> LIST_DEVICES =
      encoded(AudioCaptureGrpc.getListDevicesMethod());
  private static final MethodDescriptor<WatchDevicesRequest, byte[]> WATCH_DEVICES =
      encoded(AudioCaptureGrpc.getWatchDevicesMethod());
  private static final MethodDescriptor<StreamFramesRequest, byte[]> STREAM_FRAMES =
      encoded(AudioCaptureGrpc.getStreamFramesMethod());
  private static final MethodDescriptor<PullFramesRequest, byte[]> PULL_FRAMES =
      encoded(AudioCaptureGrpc.getPullFramesMethod());
  private static final MethodDescriptor<StreamLevelsRequest, byte[]> STREAM_LEVELS =
      encoded(AudioCaptureGrpc.getStreamLevelsMethod());
  private static final MethodDescriptor<GetServerInfoRequest, byte[]> GET_SERVER_INFO =
      encoded(AudioCaptureGrpc.getGetServerInfoMethod());

  private final AudioCaptureCalls calls;

  AudioCaptureService(AudioCaptureCalls calls) {
    this.calls = calls;
  }

  private static <T> MethodDescriptor<T, byte[]> encoded(MethodDescriptor<T, ?> method) {
    return method.toBuilder(method.getRequestMarshaller(), new EncodedMarshaller()).build();
  }

  @Override
  public ServerServiceDefinition bindService() {
    ServiceDescriptor generated = AudioCaptureGrpc.getServiceDescriptor();
    ServiceDescriptor descriptor =
        ServiceDescriptor.newBuilder(generated.getName())
            .setSchemaDescriptor(generated.getSchemaDescriptor())
            .addMethod(LIST_DEVICES)
            .addMethod(WATCH_DEVICES)
            .addMethod(STREAM_FRAMES)
            .addMethod(PULL_FRAMES)
            .addMethod(STREAM_LEVELS)
            .addMethod(GET_SERVER_INFO)
            .build();
    return ServerServiceDefinition.builder(descriptor)
        .addMethod(LIST_DEVICES, ServerCalls.asyncUnaryCall(this::listDevices))
        .addMethod(WATCH_DEVICES, ServerCalls.asyncServerStreamingCall(this::watchDevices))
        .addMethod(STREAM_FRAMES, ServerCalls.asyncServerStreamingCall(this::streamFrames))
        .addMethod(PULL_FRAMES, ServerCalls.asyncBidiStreamingCall(this::pullFrames))
        .addMethod(STREAM_LEVELS, ServerCalls.asyncServerStreamingCall(this::streamLevels))
        .addMethod(GET_SERVER_INFO, ServerCalls.asyncUnaryCall(this::getServerInfo))
        .build();
  }

  private void listDevices(ListDevicesRequest request, StreamObserver<byte[]> responses) {
    calls.listDevices(request, CallContext.current().caller(), new GrpcCallSink(responses));
  }

  private void watchDevices(WatchDevicesRequest request, StreamObserver<byte[]> responses) {
    GrpcCallSink sink = new GrpcCallSink(responses);
    CallContext call = CallContext.current();
    sink.drive(calls.watchDevices(request, call.caller(), call.deliveryLoop(), sink));
  }

  private void streamFrames(StreamFramesRequest request, StreamObserver<byte[]> responses) {
    GrpcCallSink sink = new GrpcCallSink(responses, CallTracer.directStream());
    CallContext call = CallContext.current();
    sink.drive(calls.streamFrames(request, call.caller(), call.deliveryLoop(), sink));
  }

  private void streamLevels(StreamLevelsRequest request, StreamObserver<byte[]> responses) {
    GrpcCallSink sink = new GrpcCallSink(responses);
    CallContext call = CallContext.current();
    sink.drive(calls.streamLevels(request, call.caller(), call.deliveryLoop(), sink));
  }

  private StreamObserver<PullFramesRequest> pullFrames(StreamObserver<byte[]> responses) {
    ((ServerCallStreamObserver<byte[]>) responses).disableAutoRequest(); // the call requests them
    GrpcCallSink sink = new GrpcCallSink(responses, CallTracer.directStream());
    CallContext call = CallContext.current();
    RequestListener<PullFramesRequest> listener =
        calls.pullFrames(call.caller(), call.deliveryLoop(), sink);
    sink.drive(listener);
    return new Requests<>(listener);
  }

  private void getServerInfo(GetServerInfoRequest request, StreamObserver<byte[]> responses) {
    calls.getServerInfo(request, CallContext.current().caller(), new GrpcCallSink(responses));
  }

  /** Passes the messages of one call from gRPC to its listener. */
  private record Requests<T>(RequestListener<T> call) implements StreamObserver<T> {
    @Override
    public void onNext(T message) {
      call.onMessage(message);
    }

    @Override
    public void onError(Throwable cancelled) {
      // onCancel of the call has already run.
    }

    @Override
    public void onCompleted() {
      call.onHalfClose();
    }
  }
}
