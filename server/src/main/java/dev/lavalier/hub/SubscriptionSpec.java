package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.StartFrom;
import java.util.List;
import java.util.Optional;

/**
 * What a subscription gets, checked against its device and with every default filled in.
 *
 * @param deviceId the device
 * @param format the format of the frames, also when the device is captured in another one later
 * @param channelMap where its channels come from, see {@link Conversion#plan}; may be empty
 * @param frameSize samples per channel in a frame
 * @param queueFrames frames that may wait for the subscriber, 1 or more
 * @param maxLatencyMs how long the last of them waits at most
 * @param overflowPolicy what happens beyond
 * @param onDeviceLoss what happens when the device is lost
 * @param start where it begins
 * @param codec encodes the frames
 * @param clockNotices whether the stream reports how fast the device's clock runs
 */
public record SubscriptionSpec(
    String deviceId,
    PcmFormat format,
    List<Integer> channelMap,
    int frameSize,
    int queueFrames,
    int maxLatencyMs,
    OverflowPolicy overflowPolicy,
    OnDeviceLoss onDeviceLoss,
    StartFrom start,
    FrameCodec codec,
    boolean clockNotices) {

  private static final int DEFAULT_FRAMES_PER_SECOND = 50;
  private static final int DEFAULT_LATENCY_MS = 200;
  private static final int MAX_LATENCY_MS = 60_000;

  /** Against a request for a minute of one-sample frames: 12 times what such a frame needs. */
  private static final int MAX_QUEUE_FRAMES = 16_384;

  private static final int MAX_QUEUE_BYTES = 64 << 20;

  private static final int MAX_PREROLL_MS = 600_000;

  /**
   * The format a request asks for; what it leaves open is as captured.
   *
   * @param encoding empty: as captured
   * @param sampleRateHz 0: as captured
   * @param channelCount 0: as many as {@code channelMap} names, or as captured
   * @param channelMap where the channels come from, see {@link Conversion#plan}; may be empty
   */
  public record RequestedFormat(
      Optional<SampleEncoding> encoding,
      int sampleRateHz,
      int channelCount,
      List<Integer> channelMap) {}

  /** Copies the list. */
  public SubscriptionSpec {
    channelMap = List.copyOf(channelMap);
  }

  /**
   * What a request asks for, before it is checked against a device.
   *
   * @param frameSize samples per channel; 0: 20 ms
   * @param format see {@link RequestedFormat}
   * @param maxLatencyMs 0: 200, or two frames if that is more
   * @param codec encodes the frames
   * @param clockNotices whether the stream reports how fast the device's clock runs
   */
  public record Request(
      int frameSize,
      RequestedFormat format,
      int maxLatencyMs,
      OverflowPolicy overflowPolicy,
      OnDeviceLoss onDeviceLoss,
      StartFrom start,
      FrameCodec codec,
      boolean clockNotices) {}

  /** Returns the longest that a frame may wait, in nanoseconds. */
  public long maxAgeNanos() {
    return maxLatencyMs * 1_000_000L;
  }

  /**
   * Checks a request and fills in every default.
   *
   * @throws StreamException INVALID_REQUEST or FORMAT_NOT_AVAILABLE, with what was expected: the
   *     capture format is always available, and every format that {@link Conversion#plan} converts
   *     it to
   */
  public static SubscriptionSpec resolve(DeviceDescriptor device, Request request)
      throws StreamException {
    PcmFormat format = resolveFormat(device.captureFormat(), request.format());
    int frameSize = request.frameSize();
    int maxLatencyMs = request.maxLatencyMs();
    int rate = format.sampleRateHz();
    checkRange("frame_size", frameSize, 0, rate, " samples, one second");
    int size = frameSize == 0 ? rate / DEFAULT_FRAMES_PER_SECOND : frameSize;

    int frameMs = (int) Math.ceil(1000.0 * size / rate);
    if (maxLatencyMs != 0) {
      checkRange("max_latency_ms", maxLatencyMs, frameMs, MAX_LATENCY_MS, ", from one frame on");
    }
    int latencyMs = maxLatencyMs == 0 ? Math.max(DEFAULT_LATENCY_MS, 2 * frameMs) : maxLatencyMs;
    long requestedFrames = (long) latencyMs * rate / (1000L * size);
    long maxFrames =
        Math.min(MAX_QUEUE_FRAMES, MAX_QUEUE_BYTES / ((long) size * format.bytesPerSampleFrame()));
    int frames = (int) Math.max(1, Math.min(requestedFrames, maxFrames));
    int granted =
        frames == requestedFrames ? latencyMs : (int) Math.ceil(1000.0 * frames * size / rate);
    checkStart(request.start(), size);
    return new SubscriptionSpec(
        device.id(),
        format,
        request.format().channelMap(),
        size,
        frames,
        granted,
        request.overflowPolicy(),
        request.onDeviceLoss(),
        request.start(),
        request.codec(),
        request.clockNotices());
  }

  private static void checkStart(StartFrom start, int frameSize) throws StreamException {
    if (start instanceof StartFrom.Preroll preroll) {
      checkRange("preroll_ms", preroll.millis(), 0, MAX_PREROLL_MS, "");
    } else if (start instanceof StartFrom.Resume resume) {
      if (resume.epoch() <= 0) {
        throw new StreamException(
            Reason.INVALID_REQUEST,
            "resume.epoch: %d (expected: more than 0, as in started)".formatted(resume.epoch()));
      }
      if (resume.sampleIndex() < 0 || resume.sampleIndex() % frameSize != 0) {
        throw new StreamException(
            Reason.INVALID_REQUEST,
            "resume.sample_index: %d (expected: a multiple of frame_size, %d, from 0 on)"
                .formatted(resume.sampleIndex(), frameSize));
      }
    }
  }

  private static void checkRange(String field, int value, int low, int high, String remark)
      throws StreamException {
    if (value < low || value > high) {
      throw new StreamException(
          Reason.INVALID_REQUEST,
          "%s: %d (expected: %d..%d%s)".formatted(field, value, low, high, remark));
    }
  }

  private static PcmFormat resolveFormat(PcmFormat captured, RequestedFormat requested)
      throws StreamException {
    int rate = requested.sampleRateHz() == 0 ? captured.sampleRateHz() : requested.sampleRateHz();
    Conversion.checkRate(captured.sampleRateHz(), rate);
    int asMapped =
        requested.channelMap().isEmpty() ? captured.channelCount() : requested.channelMap().size();
    int channels = requested.channelCount() == 0 ? asMapped : requested.channelCount();
    PcmFormat format;
    try {
      format = new PcmFormat(requested.encoding().orElse(captured.encoding()), rate, channels);
    } catch (IllegalArgumentException e) {
      throw new StreamException(Reason.INVALID_REQUEST, "format." + e.getMessage(), e);
    }
    Conversion.plan(captured, format, requested.channelMap());
    return format;
  }
}
