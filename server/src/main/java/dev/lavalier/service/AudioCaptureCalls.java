package dev.lavalier.service;

import dev.lavalier.access.Grants;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.StreamException;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.Subscription;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.WatchDevicesRequest;

/**
 * The calls of AudioCapture on a hub, for any transport. A transport starts a call with its caller,
 * its delivery loop and its sink, and then calls the listener that it gets.
 *
 * <p>The methods can be called on any thread and do not block, so a transport can call them on its
 * event loops. If a call cannot be served, it fails through its sink.
 */
public final class AudioCaptureCalls {

  /** The limit of the ready threshold. A larger frame is sent after all others are written. */
  private static final int MAX_READY_BYTES = 64 << 10;

  private final Hub hub;

  /**
   * Creates the calls.
   *
   * @param hub the source of devices and audio
   */
  public AudioCaptureCalls(Hub hub) {
    this.hub = hub;
  }

  /** Returns the codec of the frames that these calls send. */
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
   * Returns the ready threshold: two frames, but at least 20 ms, so that short frames of one period
   * are written together. It is small because frames beyond it can no longer be dropped, and
   * because they take memory for each subscriber.
   */
  private static int readyBytes(SubscriptionSpec spec) {
    long samples = Math.max(2L * spec.frameSize(), spec.format().sampleRateHz() / 50);
    int frameBytes = spec.codec().frameBytes(spec.format(), spec.frameSize());
    return (int) Math.max(1, Math.min(MAX_READY_BYTES, samples * frameBytes / spec.frameSize()));
  }

  /** Sends as many frames as the messages of the caller grant credit for. */
  public RequestListener<PullFramesRequest> pullFrames(
      Caller caller, DeliveryLoop deliveryLoop, CallSink sink) {
    // Credit is the limit. This keeps a second frame from being written before the first is sent.
    sink.setReadyThreshold(1);
    sink.requestMessage();
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
