package dev.lavalier.web;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallListener;
import dev.lavalier.service.CallSink;
import dev.lavalier.service.Caller;
import dev.lavalier.service.RequestErrors;
import dev.lavalier.service.RequestListener;
import dev.lavalier.v1.GetServerInfoRequest;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.WatchDevicesRequest;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The methods of AudioCapture that can be called over WebSocket. StreamFrames is not among them: it
 * has no credit, and a browser buffers what a page does not read.
 */
final class WebMethods {

  /**
   * The parts of a call that its method needs.
   *
   * @param calls the calls of AudioCapture
   * @param caller the caller
   * @param deliveryLoop runs the tasks that send messages of the call
   * @param sink the sending side of the call
   * @param ending ends the call with a reason
   */
  record Call(
      AudioCaptureCalls calls,
      Caller caller,
      DeliveryLoop deliveryLoop,
      CallSink sink,
      Consumer<StreamException> ending) {}

  /** Starts a call, whose listener then gets the encoded requests. */
  @FunctionalInterface
  interface Method {
    RequestListener<byte[]> start(String name, Call call);
  }

  private static final Map<String, Method> METHODS =
      Map.of(
          CallSession.SERVICE + "/ListDevices",
          unary(ListDevicesRequest.parser(), AudioCaptureCalls::listDevices),
          CallSession.SERVICE + "/GetServerInfo",
          unary(GetServerInfoRequest.parser(), AudioCaptureCalls::getServerInfo),
          CallSession.SERVICE + "/WatchDevices",
          streaming(WatchDevicesRequest.parser(), AudioCaptureCalls::watchDevices),
          CallSession.SERVICE + "/StreamLevels",
          streaming(StreamLevelsRequest.parser(), AudioCaptureCalls::streamLevels),
          CallSession.SERVICE + "/PullFrames",
          (name, call) ->
              new Parsing<>(
                  name,
                  PullFramesRequest.parser(),
                  call.ending(),
                  call.calls().pullFrames(call.caller(), call.deliveryLoop(), call.sink())));

  private WebMethods() {}

  /** Returns a method by its full name; empty: there is none. */
  static Optional<Method> find(String name) {
    return Optional.ofNullable(METHODS.get(name));
  }

  @FunctionalInterface
  private interface Unary<T> {
    void call(AudioCaptureCalls calls, T request, Caller caller, CallSink sink);
  }

  @FunctionalInterface
  private interface Streaming<T> {
    CallListener call(
        AudioCaptureCalls calls, T request, Caller caller, DeliveryLoop loop, CallSink sink);
  }

  private static <T> Method unary(Parser<T> parser, Unary<T> method) {
    return streaming(
        parser,
        (calls, request, caller, loop, sink) -> {
          method.call(calls, request, caller, sink);
          return CallListener.ENDED;
        });
  }

  private static <T> Method streaming(Parser<T> parser, Streaming<T> method) {
    return (name, call) -> {
      Function<T, CallListener> start =
          request ->
              method.call(call.calls(), request, call.caller(), call.deliveryLoop(), call.sink());
      call.sink().requestMessage();
      return new Parsing<>(name, parser, call.ending(), new OneRequest<>(name, call, start));
    };
  }

  /** Parses the requests of a call. */
  private record Parsing<T>(
      String method, Parser<T> parser, Consumer<StreamException> ending, RequestListener<T> call)
      implements RequestListener<byte[]> {

    @Override
    public void onMessage(byte[] message) {
      T request;
      try {
        request = parser.parseFrom(message);
      } catch (InvalidProtocolBufferException e) {
        ending.accept(RequestErrors.malformed(method));
        return;
      }
      call.onMessage(request);
    }

    @Override
    public void onHalfClose() {
      call.onHalfClose();
    }

    @Override
    public void onReady() {
      call.onReady();
    }

    @Override
    public void onCancel(String reason) {
      call.onCancel(reason);
    }
  }

  /** A call that starts with its only request. */
  private static final class OneRequest<T> implements RequestListener<T> {

    private final String method;
    private final Call call;
    private final Function<T, CallListener> start;
    private CallListener started = CallListener.ENDED;
    private boolean hasRequest;

    OneRequest(String method, Call call, Function<T, CallListener> start) {
      this.method = method;
      this.call = call;
      this.start = start;
    }

    @Override
    public void onMessage(T message) {
      if (hasRequest) {
        call.ending()
            .accept(
                new StreamException(
                    Reason.INVALID_REQUEST,
                    "request: a second message (expected: one in each call of %s)"
                        .formatted(method)));
        return;
      }
      hasRequest = true;
      started = start.apply(message);
      call.sink().requestMessage(); // only to reject it
    }

    @Override
    public void onHalfClose() {}

    @Override
    public void onReady() {
      started.onReady();
    }

    @Override
    public void onCancel(String reason) {
      started.onCancel(reason);
    }
  }
}
