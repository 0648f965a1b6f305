package dev.lavalier.service;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.OnDeviceLoss;
import dev.lavalier.hub.OverflowPolicy;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.hub.SubscriptionStatus;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StreamCodec;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Codec;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.DeviceSnapshot;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.GapPart;
import dev.lavalier.v1.ListDevicesResponse;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamNotice;
import dev.lavalier.v1.StreamStarted;
import dev.lavalier.v1.Subscription;
import dev.lavalier.v1.WatchDevicesResponse;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Translates values of the hub into messages of the contract. Messages for a {@link CallSink} are
 * encoded.
 */
public final class ProtoMessages {

  private ProtoMessages() {}

  /** Encodes frames of PCM as messages. */
  static final FrameCodec PCM =
      FrameCodec.stateless(frame -> frame(frame, AudioFrame.PCM_FIELD_NUMBER, frame.pcm()));

  /**
   * Returns the message of a frame with its audio in one of two fields. It is written without the
   * generated builders, which take about as long as the copy of the samples. Fields that are 0 are
   * left out, as proto3 requires.
   */
  static byte[] frame(Period frame, int audioField, byte[] audio) {
    long readDelayNanos = Math.max(0, frame.readNanos() - frame.captureNanos());
    int readDelayMicros = (int) Math.min(Integer.MAX_VALUE, readDelayNanos / 1_000);
    int frameLength =
        CodedOutputStream.computeTagSize(audioField)
            + CodedOutputStream.computeUInt32SizeNoTag(audio.length)
            + audio.length
            + int64Size(AudioFrame.SAMPLE_INDEX_FIELD_NUMBER, frame.sampleIndex())
            + int64Size(AudioFrame.CAPTURE_TIME_UNIX_NANOS_FIELD_NUMBER, frame.captureUnixNanos())
            + int64Size(AudioFrame.READ_DELAY_MICROS_FIELD_NUMBER, readDelayMicros)
            + int64Size(AudioFrame.READ_TIME_STEADY_NANOS_FIELD_NUMBER, frame.readNanos());
    byte[] message =
        new byte
            [CodedOutputStream.computeTagSize(StreamFramesResponse.FRAME_FIELD_NUMBER)
                + CodedOutputStream.computeUInt32SizeNoTag(frameLength)
                + frameLength];
    CodedOutputStream out = CodedOutputStream.newInstance(message);
    try {
      out.writeTag(StreamFramesResponse.FRAME_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
      out.writeUInt32NoTag(frameLength);
      out.writeByteArray(audioField, audio);
      writeInt64(out, AudioFrame.SAMPLE_INDEX_FIELD_NUMBER, frame.sampleIndex());
      writeInt64(out, AudioFrame.CAPTURE_TIME_UNIX_NANOS_FIELD_NUMBER, frame.captureUnixNanos());
      writeInt64(out, AudioFrame.READ_DELAY_MICROS_FIELD_NUMBER, readDelayMicros);
      writeInt64(out, AudioFrame.READ_TIME_STEADY_NANOS_FIELD_NUMBER, frame.readNanos());
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new IllegalStateException(e); // the array has the length of the message
    }
    return message;
  }

  private static int int64Size(int field, long value) {
    return value == 0 ? 0 : CodedOutputStream.computeInt64Size(field, value);
  }

  private static void writeInt64(CodedOutputStream out, int field, long value) throws IOException {
    if (value != 0) {
      out.writeInt64(field, value);
    }
  }

  /**
   * Returns the message of a frame with a gap added. Only a subscriber with a gap needs its own
   * copy.
   */
  static byte[] frame(Frame frame, Gap gap) {
    try {
      StreamFramesResponse.Builder message =
          StreamFramesResponse.parseFrom(frame.message()).toBuilder();
      message.getFrameBuilder().setGap(gap(gap));
      return message.build().toByteArray();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e); // this class encoded it
    }
  }

  /** Returns the message of a gap. */
  static dev.lavalier.v1.Gap gap(Gap gap) {
    dev.lavalier.v1.Gap.Builder message =
        dev.lavalier.v1.Gap.newBuilder()
            .setSampleCount(gap.sampleCount())
            .setCause(cause(gap.cause()))
            .setEstimated(gap.estimated());
    Map<LossCause, GapPart.Builder> byCause = new EnumMap<>(LossCause.class);
    for (Gap.Part part : gap.parts()) {
      LossCause cause = part.loss().cause();
      GapPart.Builder sum =
          byCause.computeIfAbsent(cause, c -> GapPart.newBuilder().setCause(cause(c)));
      sum.setSampleCount(sum.getSampleCount() + part.sampleCount())
          .setEstimated(sum.getEstimated() || part.loss().estimated());
    }
    if (byCause.size() > 1) {
      byCause.values().forEach(message::addParts);
    }
    return message.build();
  }

  private static GapCause cause(LossCause cause) {
    return switch (cause) {
      case SLOW_SUBSCRIBER -> GapCause.GAP_CAUSE_SLOW_SUBSCRIBER;
      case DEVICE_OVERRUN -> GapCause.GAP_CAUSE_DEVICE_OVERRUN;
      case DEVICE_LOST -> GapCause.GAP_CAUSE_DEVICE_LOST;
      case NOT_KEPT -> GapCause.GAP_CAUSE_NOT_KEPT;
      case SERVER_OVERLOAD -> GapCause.GAP_CAUSE_SERVER_OVERLOAD;
      case UPSTREAM -> GapCause.GAP_CAUSE_UPSTREAM;
    };
  }

  static byte[] started(StreamStart started) {
    return StreamFramesResponse.newBuilder()
        .setStarted(startedMessage(started))
        .build()
        .toByteArray();
  }

  static StreamStarted startedMessage(StreamStart started) {
    StreamStarted.Builder message =
        StreamStarted.newBuilder()
            .setDeviceId(started.spec().deviceId())
            .setEpoch(started.epoch())
            .setFormat(format(started.spec().format()))
            .setFrameSize(started.spec().frameSize())
            .setCaptureFormat(format(started.conversion().captured()))
            .setMaxLatencyMs(started.maxLatencyMs())
            .setOverflowPolicy(policy(started.spec().overflowPolicy()))
            .setOnDeviceLoss(onDeviceLoss(started.spec().onDeviceLoss()))
            .setPrerollMs(started.prerollMillis());
    if (started.spec().codec() instanceof PacketMessages codec) {
      byte[] config = codec.packets().config(started.spec().format(), started.spec().frameSize());
      return message
          .setCodec(codec.codec())
          .setBitrate(codec.bitrate())
          .setCodecConfig(ByteString.copyFrom(config))
          .setConversion(conversion(started.conversion(), codec.packets().delayMicros()))
          .build();
    }
    message.setCodec(codec(started.spec().codec()));
    if (!started.conversion().isIdentity()) {
      message.setConversion(conversion(started.conversion(), 0));
    }
    return message.build();
  }

  private static dev.lavalier.v1.Conversion conversion(Conversion conversion, int delayMicros) {
    long lookaheadNanos = conversion.captured().nanosOf(conversion.lookahead());
    return dev.lavalier.v1.Conversion.newBuilder()
        .addAllChannelMap(conversion.channels().sources())
        .setResampled(conversion.isResampled())
        .setDithered(conversion.isDithered())
        .setLookaheadMicros((int) (lookaheadNanos / 1_000))
        .setCodecDelayMicros(delayMicros)
        .build();
  }

  private static dev.lavalier.v1.OverflowPolicy policy(OverflowPolicy policy) {
    return switch (policy) {
      case DROP_OLDEST -> dev.lavalier.v1.OverflowPolicy.OVERFLOW_POLICY_DROP_OLDEST;
      case CLOSE -> dev.lavalier.v1.OverflowPolicy.OVERFLOW_POLICY_CLOSE;
    };
  }

  private static dev.lavalier.v1.OnDeviceLoss onDeviceLoss(OnDeviceLoss onDeviceLoss) {
    return switch (onDeviceLoss) {
      case FAIL -> dev.lavalier.v1.OnDeviceLoss.ON_DEVICE_LOSS_FAIL;
      case WAIT -> dev.lavalier.v1.OnDeviceLoss.ON_DEVICE_LOSS_WAIT;
    };
  }

  static byte[] notice(Notice notice) {
    return StreamFramesResponse.newBuilder().setNotice(noticeMessage(notice)).build().toByteArray();
  }

  static StreamNotice noticeMessage(Notice notice) {
    return StreamNotice.newBuilder()
        .setKind(
            switch (notice.kind()) {
              case DEVICE_LOST -> NoticeKind.NOTICE_KIND_DEVICE_LOST;
              case SERVER_STOPPING -> NoticeKind.NOTICE_KIND_SERVER_STOPPING;
              case MUTED -> NoticeKind.NOTICE_KIND_MUTED;
              case CLOCK -> NoticeKind.NOTICE_KIND_CLOCK;
            })
        .setMessage(notice.message())
        .setClockPpm(notice.clockPpm())
        .build();
  }

  /** Returns an encoded ListDevicesResponse. */
  static byte[] devices(List<DeviceStatus> devices) {
    ListDevicesResponse.Builder response = ListDevicesResponse.newBuilder();
    devices.forEach(status -> response.addDevices(device(status)));
    return response.build().toByteArray();
  }

  static byte[] snapshot(List<DeviceStatus> devices) {
    DeviceSnapshot.Builder snapshot = DeviceSnapshot.newBuilder();
    devices.forEach(status -> snapshot.addDevices(device(status)));
    return WatchDevicesResponse.newBuilder().setSnapshot(snapshot).build().toByteArray();
  }

  static byte[] changed(DeviceStatus status) {
    return WatchDevicesResponse.newBuilder().setDevice(device(status)).build().toByteArray();
  }

  static byte[] removed(String deviceId) {
    return WatchDevicesResponse.newBuilder().setRemovedDeviceId(deviceId).build().toByteArray();
  }

  /** Returns the message for a subscription, for operators. */
  public static Subscription subscription(SubscriptionStatus status) {
    return Subscription.newBuilder()
        .setSubscriptionId(status.id())
        .setIdentity(status.subscriber().identity())
        .setAddress(status.subscriber().address())
        .setDeviceId(status.deviceId())
        .setFormat(format(status.format()))
        .setFrameSize(status.frameSize())
        .setSinceUnixNanos(status.sinceUnixNanos())
        .setFrameCount(status.frames())
        .setByteCount(status.bytes())
        .setSamplesLost(status.samplesLost())
        .setCodec(codec(status.codec()))
        .setBitrate(status.codec() instanceof FrameCodec frames ? frames.bitrate() : 0)
        .build();
  }

  /** Returns the name of a codec in the contract; CODEC_UNSPECIFIED for levels. */
  private static Codec codec(StreamCodec codec) {
    if (codec instanceof PacketMessages packets) {
      return packets.codec();
    }
    return codec instanceof FrameCodec ? Codec.CODEC_PCM : Codec.CODEC_UNSPECIFIED;
  }

  private static Device device(DeviceStatus status) {
    Device.Builder device =
        Device.newBuilder()
            .setDeviceId(status.device().id())
            .setName(status.device().name())
            .setVendor(status.device().vendor())
            .setDescription(status.device().description())
            .setIsDefault(status.device().isDefault())
            .setState(state(status.state()))
            .setCaptureFormat(format(status.device().captureFormat()))
            .setSubscriberCount(status.subscriberCount())
            .setNodeId(status.device().nodeId())
            .setRecorded(status.device().recorded());
    for (SupportedFormat offered : status.device().formats()) {
      device.addFormats(format(offered.encoding(), offered.sampleRateHz(), offered.channelCount()));
    }
    return device.build();
  }

  private static DeviceState state(dev.lavalier.hub.DeviceState state) {
    return switch (state) {
      case CLOSED -> DeviceState.DEVICE_STATE_CLOSED;
      case OPENING -> DeviceState.DEVICE_STATE_OPENING;
      case OPEN -> DeviceState.DEVICE_STATE_OPEN;
      case LOST -> DeviceState.DEVICE_STATE_LOST;
      case CLOSING -> DeviceState.DEVICE_STATE_CLOSING;
      case NOT_RESPONDING -> DeviceState.DEVICE_STATE_NOT_RESPONDING;
    };
  }

  private static AudioFormat format(PcmFormat format) {
    return format(format.encoding(), format.sampleRateHz(), format.channelCount());
  }

  private static AudioFormat format(SampleEncoding encoding, int rate, int channels) {
    return AudioFormat.newBuilder()
        .setEncoding(
            switch (encoding) {
              case S16LE -> dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_S16LE;
              case S24LE -> dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_S24LE;
              case S32LE -> dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_S32LE;
              case F32LE -> dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_F32LE;
            })
        .setSampleRateHz(rate)
        .setChannelCount(channels)
        .build();
  }
}
