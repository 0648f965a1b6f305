package dev.lavalier.service;

import dev.lavalier.access.Grants;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.StreamException;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.Subscription;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.v1.GetServerInfoRequest;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.WatchDevicesRequest;
import java.util.function.Consumer;

/**
 * The calls of AudioCapture on a hub, for any transport. A transport starts a call with its caller,
 * its delivery loop and its sink, and then calls the listener that it gets.
 *
 * <p>The methods can be called on any thread and do not block, so a transport can call them on its
 * event loops. If a call cannot be served, it fails through its sink.
 */
public final class AudioCaptureCalls {

  /** A request for a subscription. */
  @FunctionalInterface
  private interface Request {
    SubscriptionSpec resolve(DeviceDescriptor device) throws StreamException;
  }

  private final Hub hub;
  private final RefusalObserver refusals;
  private final ServerInfo serverInfo;
  private final Codecs codecs;

  /** Creates the calls of a server that has only PCM. */
  public AudioCaptureCalls(Hub hub, RefusalObserver refusals, ServerInfo serverInfo) {
    this(hub, refusals, serverInfo, Codecs.PCM_ONLY);
  }

  /**
   * Creates the calls.
   *
   * @param hub the source of devices and audio
   * @param refusals observes the subscriptions that are refused
   * @param serverInfo what callers may know about the server
   * @param codecs the codecs that streams can request
   */
  public AudioCaptureCalls(
      Hub hub, RefusalObserver refusals, ServerInfo serverInfo, Codecs codecs) {
    this.hub = hub;
    this.refusals = refusals;
    this.serverInfo = serverInfo;
    this.codecs = codecs;
  }

  /** Returns the codec of frames of PCM. */
  public static FrameCodec pcmCodec() {
    return ProtoMessages.PCM;
  }

  /** Sends the devices that the caller can list, and completes the call before it returns. */
  public void listDevices(ListDevicesRequest request, Caller caller, CallSink sink) {
    Grants grants = caller.grants();
    sink.send(
        ProtoMessages.devices(
            hub.devices().stream()
                .filter(status -> grants.canList(status.device().id()))
                .toList()));
    sink.complete();
  }

  /** Sends the devices that the caller can list, and then their changes. */
  public CallListener watchDevices(
      WatchDevicesRequest request, Caller caller, DeliveryLoop deliveryLoop, CallSink sink) {
    return new WatchDevicesCall.Listener(
        hub.watch(caller.subscriber(), caller::canList, deliveryLoop, new WatchDevicesCall(sink)));
  }

  /** Sends frames at the rate of the device. */
  public CallListener streamFrames(
      StreamFramesRequest request, Caller caller, DeliveryLoop deliveryLoop, CallSink sink) {
    return stream(
        caller,
        request.getDeviceId(),
        device -> RequestParser.spec(request, device, codecs),
        deliveryLoop,
        new StreamFramesCall(sink),
        sink);
  }

  /** Sends the levels of the device, interval by interval. */
  public CallListener streamLevels(
      StreamLevelsRequest request, Caller caller, DeliveryLoop deliveryLoop, CallSink sink) {
    return stream(
        caller,
        request.getDeviceId(),
        device -> RequestParser.spec(request, device),
        deliveryLoop,
        new StreamLevelsCall(sink),
        sink);
  }

  /** Subscribes a call that is read at the rate of the device, or ends it with the refusal. */
  private CallListener stream(
      Caller caller,
      String deviceId,
      Request request,
      DeliveryLoop deliveryLoop,
      FrameSink frames,
      CallSink sink) {
    try {
      Subscription subscription =
          subscribe(
              caller,
              deviceId,
              request,
              deliveryLoop,
              frames,
              spec -> sink.setReadyThreshold(spec.unsentBytes(), spec.hasShortFrames()));
      return new StreamFramesCall.Listener(subscription);
    } catch (StreamException e) {
      sink.fail(e);
      return CallListener.ENDED;
    }
  }

  /** Sends as many frames as the messages of the caller grant credit for. */
  public RequestListener<PullFramesRequest> pullFrames(
      Caller caller, DeliveryLoop deliveryLoop, CallSink sink) {
    // Credit is the limit. This keeps a second frame from being written before the first is sent.
    sink.setReadyThreshold(1, false);
    sink.requestMessage();
    return new PullFramesCall(
        sink,
        deliveryLoop,
        (request, frames) ->
            subscribe(
                caller,
                request.getDeviceId(),
                device -> RequestParser.spec(request, device, codecs),
                deliveryLoop,
                frames,
                spec -> {}));
  }

  /** Sends the properties of the server, and completes the call before it returns. */
  public void getServerInfo(GetServerInfoRequest request, Caller caller, CallSink sink) {
    sink.send(serverInfo.message(caller, codecs));
    sink.complete();
  }

  /**
   * Subscribes, and reports a refusal.
   *
   * @param deviceId the requested device; empty: the default
   * @param request the request, which is checked against the device
   * @param preparation gets the parameters of the subscription before it starts
   */
  private Subscription subscribe(
      Caller caller,
      String deviceId,
      Request request,
      DeliveryLoop deliveryLoop,
      FrameSink sink,
      Consumer<SubscriptionSpec> preparation)
      throws StreamException {
    try {
      SubscriptionSpec spec = spec(caller, deviceId, request);
      preparation.accept(spec);
      return hub.subscribe(caller.subscriber(), spec, deliveryLoop, sink);
    } catch (StreamException e) {
      switch (e.reason()) {
        case DEVICE_NOT_FOUND, NOT_PERMITTED, NOT_AUTHENTICATED, LIMIT_REACHED ->
            refusals.onRefused(caller.subscriber(), deviceId, e.getMessage());
        default -> {} // the request is wrong, or the server stops
      }
      throw e;
    }
  }

  private SubscriptionSpec spec(Caller caller, String deviceId, Request request)
      throws StreamException {
    caller.checkAuthenticated();
    Grants grants = caller.grants();
    DeviceDescriptor device = hub.resolve(deviceId, grants::canList);
    caller.checkCanStream(device.id());
    return request.resolve(device);
  }
}
