package dev.lavalier.service;

import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.OnDeviceLoss;
import dev.lavalier.hub.OverflowPolicy;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.hub.SubscriptionSpec.RequestedFormat;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamLevelsRequest;
import java.util.Optional;

/** Checks requests of the contract and translates them into values of the hub. */
final class RequestParser {

  private RequestParser() {}

  static SubscriptionSpec spec(StreamFramesRequest request, DeviceDescriptor device, Codecs codecs)
      throws StreamException {
    RequestedFormat format = format(request, encoding(request.getFormat()));
    FrameCodec codec = codecs.codec(request, format.channelCountFrom(device.captureFormat()));
    if (codec instanceof PacketMessages messages && format.encoding().isEmpty()) {
      SampleEncoding captured = device.captureFormat().encoding();
      format = format(request, Optional.of(messages.packets().encodingFor(captured)));
    }
    return SubscriptionSpec.resolve(
        device,
        new SubscriptionSpec.Request(
            request.getFrameSize(),
            format,
            request.getMaxLatencyMs(),
            policy(request),
            onDeviceLoss(request.getOnDeviceLoss(), request.getOnDeviceLossValue()),
            start(request),
            codec,
            request.getClockNotices()));
  }

  private static RequestedFormat format(
      StreamFramesRequest request, Optional<SampleEncoding> encoding) {
    return new RequestedFormat(
        encoding,
        request.getFormat().getSampleRateHz(),
        request.getFormat().getChannelCount(),
        request.getChannelMapList());
  }

  static SubscriptionSpec spec(StreamLevelsRequest request, DeviceDescriptor device)
      throws StreamException {
    return SubscriptionSpec.resolveLevels(
        device,
        request.getIntervalMs(),
        onDeviceLoss(request.getOnDeviceLoss(), request.getOnDeviceLossValue()),
        LevelMessages.CODEC);
  }

  private static StartFrom start(StreamFramesRequest request) {
    return switch (request.getStartCase()) {
      case PREROLL_MS -> new StartFrom.Preroll(request.getPrerollMs());
      case RESUME ->
          new StartFrom.Resume(
              request.getResume().getEpoch(), request.getResume().getSampleIndex());
      case START_NOT_SET -> StartFrom.LIVE;
    };
  }

  private static Optional<SampleEncoding> encoding(AudioFormat format) throws StreamException {
    return switch (format.getEncoding()) {
      case SAMPLE_ENCODING_UNSPECIFIED -> Optional.empty();
      case SAMPLE_ENCODING_S16LE -> Optional.of(SampleEncoding.S16LE);
      case SAMPLE_ENCODING_S24LE -> Optional.of(SampleEncoding.S24LE);
      case SAMPLE_ENCODING_S32LE -> Optional.of(SampleEncoding.S32LE);
      case SAMPLE_ENCODING_F32LE -> Optional.of(SampleEncoding.F32LE);
      case UNRECOGNIZED ->
          throw unknown("format.encoding", format.getEncodingValue(), "1..4, see SampleEncoding");
    };
  }

  private static OverflowPolicy policy(StreamFramesRequest request) throws StreamException {
    return switch (request.getOverflowPolicy()) {
      case OVERFLOW_POLICY_UNSPECIFIED, OVERFLOW_POLICY_DROP_OLDEST -> OverflowPolicy.DROP_OLDEST;
      case OVERFLOW_POLICY_CLOSE -> OverflowPolicy.CLOSE;
      case UNRECOGNIZED ->
          throw unknown(
              "overflow_policy", request.getOverflowPolicyValue(), "0..2, see OverflowPolicy");
    };
  }

  private static OnDeviceLoss onDeviceLoss(dev.lavalier.v1.OnDeviceLoss action, int value)
      throws StreamException {
    return switch (action) {
      case ON_DEVICE_LOSS_UNSPECIFIED, ON_DEVICE_LOSS_FAIL -> OnDeviceLoss.FAIL;
      case ON_DEVICE_LOSS_WAIT -> OnDeviceLoss.WAIT;
      case UNRECOGNIZED -> throw unknown("on_device_loss", value, "0..2, see OnDeviceLoss");
    };
  }

  private static StreamException unknown(String field, int value, String expected) {
    return new StreamException(
        Reason.INVALID_REQUEST, "%s: %d (expected: %s)".formatted(field, value, expected));
  }
}
