package dev.lavalier.client;

import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Capability;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.GapPart;
import dev.lavalier.v1.GetServerInfoResponse;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.ServerLimits;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.StreamNotice;
import dev.lavalier.v1.StreamStarted;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Converts messages of the contract to this library's values, and back. */
final class ProtoMapper {

  private static final Duration MAX_MILLIS = Duration.ofMillis(Integer.MAX_VALUE);

  private ProtoMapper() {}

  static StreamFramesRequest request(StreamOptions options) {
    StreamFramesRequest.Builder request = StreamFramesRequest.newBuilder();
    options.format().ifPresent(format -> request.setFormat(format(format)));
    if (!options.preroll().isZero()) {
      request.setPrerollMs(wholeMillis(options.preroll()));
    }
    return request
        .addAllChannelMap(options.channelMap())
        .setDeviceId(options.deviceId())
        .setFrameSize(options.frameSize())
        .setMaxLatencyMs(wholeMillis(options.maxLatency()))
        .setClockNotices(options.clockNotices())
        .setOverflowPolicy(
            switch (options.overflowPolicy()) {
              case DROP_OLDEST -> dev.lavalier.v1.OverflowPolicy.OVERFLOW_POLICY_DROP_OLDEST;
              case CLOSE -> dev.lavalier.v1.OverflowPolicy.OVERFLOW_POLICY_CLOSE;
            })
        .setOnDeviceLoss(onDeviceLoss(options.onDeviceLoss()))
        .setCodec(
            switch (options.codec()) {
              case PCM -> dev.lavalier.v1.Codec.CODEC_UNSPECIFIED;
              case OPUS -> dev.lavalier.v1.Codec.CODEC_OPUS;
              case FLAC -> dev.lavalier.v1.Codec.CODEC_FLAC;
            })
        .setBitrate(options.bitrate())
        .build();
  }

  static StreamLevelsRequest request(LevelOptions options) {
    return StreamLevelsRequest.newBuilder()
        .setDeviceId(options.deviceId())
        .setIntervalMs(wholeMillis(options.interval()))
        .setOnDeviceLoss(onDeviceLoss(options.onDeviceLoss()))
        .build();
  }

  private static dev.lavalier.v1.OnDeviceLoss onDeviceLoss(OnDeviceLoss action) {
    return switch (action) {
      case FAIL -> dev.lavalier.v1.OnDeviceLoss.ON_DEVICE_LOSS_FAIL;
      case WAIT -> dev.lavalier.v1.OnDeviceLoss.ON_DEVICE_LOSS_WAIT;
    };
  }

  /** Returns whole milliseconds, or the limit of an int, which the server rejects. */
  private static int wholeMillis(Duration value) {
    return value.compareTo(MAX_MILLIS) > 0 ? Integer.MAX_VALUE : (int) value.toMillis();
  }

  static Device device(dev.lavalier.v1.Device device) throws LavalierException {
    return new Device(
        device.getDeviceId(),
        device.getName(),
        device.getVendor(),
        device.getDescription(),
        device.getIsDefault(),
        switch (device.getState()) {
          case DEVICE_STATE_CLOSED -> DeviceState.CLOSED;
          case DEVICE_STATE_OPENING -> DeviceState.OPENING;
          case DEVICE_STATE_OPEN -> DeviceState.OPEN;
          case DEVICE_STATE_LOST -> DeviceState.LOST;
          case DEVICE_STATE_CLOSING -> DeviceState.CLOSING;
          case DEVICE_STATE_NOT_RESPONDING -> DeviceState.NOT_RESPONDING;
          case DEVICE_STATE_UNSPECIFIED, UNRECOGNIZED -> DeviceState.UNKNOWN;
        },
        format(device.getCaptureFormat()),
        device.getSubscriberCount(),
        device.getNodeId(),
        device.getRecorded());
  }

  static Subscription subscription(dev.lavalier.v1.Subscription subscription)
      throws LavalierException {
    return new Subscription(
        subscription.getSubscriptionId(),
        subscription.getIdentity(),
        subscription.getAddress(),
        subscription.getDeviceId(),
        format(subscription.getFormat()),
        subscription.getFrameSize(),
        Instant.EPOCH.plusNanos(subscription.getSinceUnixNanos()),
        subscription.getFrameCount(),
        subscription.getByteCount(),
        subscription.getSamplesLost(),
        codec(subscription.getCodec()),
        subscription.getBitrate());
  }

  private static Optional<Codec> codec(dev.lavalier.v1.Codec codec) {
    return switch (codec) {
      case CODEC_PCM -> Optional.of(Codec.PCM);
      case CODEC_OPUS -> Optional.of(Codec.OPUS);
      case CODEC_FLAC -> Optional.of(Codec.FLAC);
      case CODEC_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
    };
  }

  static StreamStart start(StreamStarted started) throws LavalierException {
    return new StreamStart(
        started.getDeviceId(),
        started.getEpoch(),
        format(started.getFormat()),
        started.getFrameSize(),
        format(started.getCaptureFormat()),
        Duration.ofMillis(started.getMaxLatencyMs()),
        started.hasConversion()
            ? Optional.of(conversion(started.getConversion()))
            : Optional.empty(),
        Duration.ofMillis(started.getPrerollMs()),
        switch (started.getCodec()) {
          case CODEC_UNSPECIFIED, CODEC_PCM -> Codec.PCM;
          case CODEC_OPUS -> Codec.OPUS;
          case CODEC_FLAC -> Codec.FLAC;
          case UNRECOGNIZED ->
              throw new LavalierException(
                  LavalierException.Kind.INTERNAL,
                  "codec: %d (expected: 0..3; the server is newer than this client)"
                      .formatted(started.getCodecValue()),
                  null);
        },
        started.getCodecConfig().asReadOnlyByteBuffer());
  }

  private static Conversion conversion(dev.lavalier.v1.Conversion conversion) {
    return new Conversion(
        conversion.getChannelMapList(),
        conversion.getResampled(),
        conversion.getDithered(),
        Duration.of(conversion.getLookaheadMicros(), ChronoUnit.MICROS));
  }

  /**
   * Returns a frame.
   *
   * @param start the parameters of its epoch
   * @param gap the gap before it; null: none
   * @param decoder decodes its packet; null: it contains PCM, or its packet is not decoded
   * @throws LavalierException INTERNAL if it cannot be decoded
   */
  static Frame frame(
      StreamStart start, AudioFrame frame, @Nullable Gap gap, @Nullable PacketDecoder decoder)
      throws LavalierException {
    ByteBuffer concealed =
        decoder == null || gap == null ? null : decoder.conceal(gap.sampleCount());
    return new Frame(
        start.format(),
        start.frameSize(),
        decoder == null
            ? frame.getPcm().asReadOnlyByteBuffer()
            : decoder.decode(frame.getPacket().toByteArray()),
        frame.getSampleIndex(),
        frame.getCaptureTimeUnixNanos(),
        readDelayNanos(frame),
        frame.getReadTimeSteadyNanos(),
        gap,
        decoder == null && !frame.getPacket().isEmpty()
            ? frame.getPacket().asReadOnlyByteBuffer()
            : null,
        concealed);
  }

  static AudioLevels levels(dev.lavalier.v1.AudioLevels levels) {
    List<ChannelLevel> channels = new ArrayList<>();
    for (var channel : levels.getChannelsList()) {
      channels.add(
          new ChannelLevel(channel.getPeak(), channel.getRms(), channel.getClippedCount()));
    }
    return new AudioLevels(
        levels.getEpoch(),
        levels.getSampleIndex(),
        levels.getSampleCount(),
        levels.getLostSampleCount(),
        levels.getCaptureTimeUnixNanos(),
        levels.hasGap() ? Optional.of(gap(levels.getGap())) : Optional.empty(),
        channels);
  }

  static long readDelayNanos(AudioFrame frame) {
    return Integer.toUnsignedLong(frame.getReadDelayMicros()) * 1_000;
  }

  /** Adds two adjacent gaps; null means no gap. */
  static @Nullable Gap merge(@Nullable Gap before, @Nullable Gap after) {
    if (before == null || after == null) {
      return before == null ? after : before;
    }
    List<Gap.Part> parts = new ArrayList<>(before.parts());
    parts.addAll(after.parts());
    return Gap.of(parts);
  }

  static Gap gap(dev.lavalier.v1.Gap gap) {
    if (gap.getPartsCount() == 0) {
      return new Gap(gap.getSampleCount(), cause(gap.getCause()), gap.getEstimated());
    }
    List<Gap.Part> parts = new ArrayList<>();
    for (GapPart part : gap.getPartsList()) {
      parts.add(new Gap.Part(part.getSampleCount(), cause(part.getCause()), part.getEstimated()));
    }
    return Gap.of(parts);
  }

  private static Gap.Cause cause(GapCause cause) {
    return switch (cause) {
      case GAP_CAUSE_SLOW_SUBSCRIBER -> Gap.Cause.SLOW_SUBSCRIBER;
      case GAP_CAUSE_DEVICE_OVERRUN -> Gap.Cause.DEVICE_OVERRUN;
      case GAP_CAUSE_DEVICE_LOST -> Gap.Cause.DEVICE_LOST;
      case GAP_CAUSE_NOT_KEPT -> Gap.Cause.NOT_KEPT;
      case GAP_CAUSE_SERVER_OVERLOAD -> Gap.Cause.SERVER_OVERLOAD;
      case GAP_CAUSE_UPSTREAM -> Gap.Cause.UPSTREAM;
      case GAP_CAUSE_UNSPECIFIED, UNRECOGNIZED -> Gap.Cause.UNKNOWN;
    };
  }

  static Notice notice(StreamNotice notice) {
    return new Notice(
        switch (notice.getKind()) {
          case NOTICE_KIND_DEVICE_LOST -> Notice.Kind.DEVICE_LOST;
          case NOTICE_KIND_SERVER_STOPPING -> Notice.Kind.SERVER_STOPPING;
          case NOTICE_KIND_MUTED -> Notice.Kind.MUTED;
          case NOTICE_KIND_CLOCK -> Notice.Kind.CLOCK;
          case NOTICE_KIND_UNSPECIFIED, UNRECOGNIZED -> Notice.Kind.OTHER;
        },
        notice.getMessage(),
        notice.getKind() == NoticeKind.NOTICE_KIND_CLOCK
            ? OptionalDouble.of(notice.getClockPpm())
            : OptionalDouble.empty());
  }

  private static PcmFormat format(AudioFormat format) throws LavalierException {
    SampleEncoding encoding =
        switch (format.getEncoding()) {
          case SAMPLE_ENCODING_S16LE -> SampleEncoding.S16LE;
          case SAMPLE_ENCODING_S24LE -> SampleEncoding.S24LE;
          case SAMPLE_ENCODING_S32LE -> SampleEncoding.S32LE;
          case SAMPLE_ENCODING_F32LE -> SampleEncoding.F32LE;
          case SAMPLE_ENCODING_UNSPECIFIED, UNRECOGNIZED ->
              throw new LavalierException(
                  LavalierException.Kind.INTERNAL,
                  "format.encoding: %s (expected: 1..4; the server is newer than this client)"
                      .formatted(format.getEncodingValue()),
                  null);
        };
    if (format.getSampleRateHz() < 0 || format.getChannelCount() < 0) { // 2^31 or more
      throw new LavalierException(
          LavalierException.Kind.INTERNAL,
          "format: %s Hz, %s channels (expected: numbers below 2147483648)"
              .formatted(
                  Integer.toUnsignedString(format.getSampleRateHz()),
                  Integer.toUnsignedString(format.getChannelCount())),
          null);
    }
    return new PcmFormat(encoding, format.getSampleRateHz(), format.getChannelCount());
  }

  private static AudioFormat format(PcmFormat format) {
    return AudioFormat.newBuilder()
        .setEncoding(
            switch (format.encoding()) {
              case S16LE -> dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_S16LE;
              case S24LE -> dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_S24LE;
              case S32LE -> dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_S32LE;
              case F32LE -> dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_F32LE;
            })
        .setSampleRateHz(format.sampleRateHz())
        .setChannelCount(format.channelCount())
        .build();
  }

  static ServerInfo serverInfo(GetServerInfoResponse info) {
    Set<ServerInfo.Capability> capabilities = EnumSet.noneOf(ServerInfo.Capability.class);
    for (Capability capability : info.getCapabilitiesList()) {
      switch (capability) {
        case CAPABILITY_HISTORY -> capabilities.add(ServerInfo.Capability.HISTORY);
        case CAPABILITY_STEADY_TIME -> capabilities.add(ServerInfo.Capability.STEADY_TIME);
        case CAPABILITY_LEVELS -> capabilities.add(ServerInfo.Capability.LEVELS);
        case CAPABILITY_UNSPECIFIED, UNRECOGNIZED -> {} // of a later server
      }
    }
    return new ServerInfo(
        info.getVersion(),
        capabilities,
        limits(info.getLimits()),
        Instant.ofEpochSecond(0, info.getServerTimeUnixNanos()),
        info.getServerSteadyNanos());
  }

  private static ServerInfo.Limits limits(ServerLimits limits) {
    return new ServerInfo.Limits(
        Duration.ofMillis(limits.getMaxLatencyMs()),
        limits.getMaxFrameBytes(),
        limits.getMaxRequestBytes(),
        Duration.ofMillis(limits.getHistoryMs()),
        Duration.ofMillis(limits.getStallLimitMs()),
        limits.getMaxStreamsPerConnection(),
        limits.getMaxStreamsPerIdentity(),
        limits.getMaxStreamBytesPerCaller(),
        limits.getMaxFramesPerSecondPerCaller(),
        limits.getMaxChannelsPerCapturedChannel());
  }

  /** Returns the kind of failure for a status. */
  static LavalierException.Kind kind(Status status) {
    return switch (status.getCode()) {
      case INVALID_ARGUMENT, OUT_OF_RANGE -> LavalierException.Kind.INVALID_REQUEST;
      case NOT_FOUND -> LavalierException.Kind.DEVICE_NOT_FOUND;
      case FAILED_PRECONDITION -> LavalierException.Kind.FORMAT_NOT_AVAILABLE;
      case RESOURCE_EXHAUSTED -> LavalierException.Kind.LIMIT_REACHED;
      case UNAVAILABLE, DEADLINE_EXCEEDED, ABORTED, CANCELLED -> LavalierException.Kind.UNAVAILABLE;
      case UNAUTHENTICATED -> LavalierException.Kind.NOT_AUTHENTICATED;
      case PERMISSION_DENIED -> LavalierException.Kind.NOT_PERMITTED;
      case UNIMPLEMENTED -> LavalierException.Kind.NOT_SUPPORTED;
      case OK, UNKNOWN, ALREADY_EXISTS, INTERNAL, DATA_LOSS -> LavalierException.Kind.INTERNAL;
    };
  }
}
