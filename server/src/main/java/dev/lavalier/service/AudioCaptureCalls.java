package dev.lavalier.service;

import dev.lavalier.access.Grants;
import dev.lavalier.audio.StreamException;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.FrameCodec;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.Subscription;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.WatchDevicesRequest;

/**
 * The calls of AudioCapture on a hub, for any transport. A transport starts a call with its caller,
 * the delivery loop that serves it, and its sending side, and then drives the listener that it
 * gets.
 *
 * <p>The methods may be called on any thread, and none blocks, so a transport may call them on its
 * event loops. A call that cannot be served fails by its sink.
 */
public final class AudioCaptureCalls {

  private final Hub hub;

  /**
   * Makes the calls.
   *
   * @param hub where the audio comes from; its frames must be encoded by {@link #frameCodec}
   */
  public AudioCaptureCalls(Hub hub) {
    this.hub = hub;
  }

  /** Returns what the hub must encode frames with. */
  public static FrameCodec frameCodec() {
    return ProtoMessages::frame;
  }

  /** Sends the devices that the caller may list, and completes the call before it returns. */
  public void listDevices(ListDevicesRequest request, Caller caller, CallSink sink) {
    Grants grants = caller.grants();
    sink.send(
        ProtoMessages.devices(
            hub.devices().stream()
                .filter(status -> grants.canList(status.device().id()))
                .toList()));
    sink.complete();
  }

  /** Sends the devices that the caller may list, and then what changes. */
  public CallListener watchDevices(
      WatchDevicesRequest request, Caller caller, DeliveryLoop deliveryLoop, CallSink sink) {
    return new WatchDevicesCall.Listener(
        hub.watch(caller.subscriber(), caller::canList, deliveryLoop, new WatchDevicesCall(sink)));
  }

  /** Sends frames at the device's pace. */
  public CallListener streamFrames(
      StreamFramesRequest request, Caller caller, DeliveryLoop deliveryLoop, CallSink sink) {
    try {
      SubscriptionSpec spec = spec(caller, request);
      sink.setReadyThreshold(readyBytes(spec));
      Subscription subscription =
          hub.subscribe(caller.subscriber(), spec, deliveryLoop, new StreamFramesCall(sink));
      return new StreamFramesCall.Listener(subscription);
    } catch (StreamException e) {
      sink.fail(e);
      return CallListener.ENDED;
    }
  }

  /**
   * Bounds what waits behind isReady, because the queue cannot drop it: two frames, but at least 20
   * ms, so that short frames of one period are written together.
   */
  private static int readyBytes(SubscriptionSpec spec) {
    int samples = Math.max(2 * spec.frameSize(), spec.format().sampleRateHz() / 50);
    return samples * spec.format().bytesPerSampleFrame();
  }

  /** Sends as many frames as the caller's messages give credit for. */
  public RequestListener<PullFramesRequest> pullFrames(
      Caller caller, DeliveryLoop deliveryLoop, CallSink sink) {
    // Credit is the bound; this lets no second frame be written before the first is on its way.
    sink.setReadyThreshold(1);
    return new PullFramesCall(
        sink,
        deliveryLoop,
        (request, frames) ->
            hub.subscribe(caller.subscriber(), spec(caller, request), deliveryLoop, frames));
  }

  private SubscriptionSpec spec(Caller caller, StreamFramesRequest request) throws StreamException {
    caller.checkAuthenticated();
    Grants grants = caller.grants();
    DeviceDescriptor device = hub.resolve(request.getDeviceId(), grants::canList);
    caller.checkCanStream(device.id());
    return RequestParser.spec(request, device);
  }
}
