package dev.lavalier.grpc;

import com.google.protobuf.Message;
import dev.lavalier.service.RequestErrors;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes services reject requests that are not a message of the method with INVALID_ARGUMENT.
 * Without it, gRPC ends such a call with UNKNOWN and logs a stack trace.
 */
final class MalformedRequestGuard {

  private MalformedRequestGuard() {}

  /** Returns the same service with a guard on each method. */
  static ServerServiceDefinition wrap(ServerServiceDefinition service) {
    List<ServerMethodDefinition<?, ?>> methods = new ArrayList<>();
    service.getMethods().forEach(method -> methods.add(guard(method)));
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName())
            .setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
    methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder guarded = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(guarded::addMethod);
    return guarded.build();
  }

  private static <ReqT, RespT> ServerMethodDefinition<ReqT, RespT> guard(
      ServerMethodDefinition<ReqT, RespT> method) {
    MethodDescriptor<ReqT, RespT> delegate = method.getMethodDescriptor();
    Marshaller<ReqT> marshaller =
        new Marshaller<>((PrototypeMarshaller<ReqT>) delegate.getRequestMarshaller());
    return ServerMethodDefinition.create(
        delegate.toBuilder(marshaller, delegate.getResponseMarshaller()).build(),
        new Handler<>(method.getServerCallHandler(), marshaller.malformed));
  }

  /** Returns a marker message for malformed bytes. */
  private static final class Marshaller<T> implements PrototypeMarshaller<T> {

    private final PrototypeMarshaller<T> delegate;
    final T malformed; // the marker, compared by identity

    Marshaller(PrototypeMarshaller<T> delegate) {
      this.delegate = delegate;
      Message prototype = (Message) delegate.getMessagePrototype();
      this.malformed = delegate.getMessageClass().cast(prototype.newBuilderForType().build());
    }

    @Override
    public T parse(InputStream in) {
      try {
        return delegate.parse(in);
      } catch (StatusRuntimeException e) {
        return malformed;
      }
    }

    @Override
    public InputStream stream(T message) {
      return delegate.stream(message);
    }

    @Override
    public Class<T> getMessageClass() {
      return delegate.getMessageClass();
    }

    @Override
    public T getMessagePrototype() {
      return delegate.getMessagePrototype();
    }
  }

  private record Handler<ReqT, RespT>(ServerCallHandler<ReqT, RespT> delegate, ReqT malformed)
      implements ServerCallHandler<ReqT, RespT> {

    @Override
    public ServerCall.Listener<ReqT> startCall(ServerCall<ReqT, RespT> call, Metadata headers) {
      return new SimpleForwardingServerCallListener<>(delegate.startCall(call, headers)) {
        private boolean rejected;

        @Override
        public void onMessage(ReqT message) {
          if (message == malformed) {
            rejected = true;
            Status status =
                GrpcStatuses.status(
                    RequestErrors.malformed(call.getMethodDescriptor().getFullMethodName()));
            CallTracer.endedByServer(status);
            super.onCancel(); // ends the call if it has started
            call.close(status, new Metadata());
          } else if (!rejected) {
            super.onMessage(message);
          }
        }

        @Override
        public void onHalfClose() {
          if (!rejected) {
            super.onHalfClose();
          }
        }
      };
    }
  }
}
