package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.LevelCodec;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.pipeline.StreamCodec;
import java.util.List;
import java.util.Optional;

/**
 * The parameters of a subscription, checked against its device and with defaults filled in.
 * Immutable.
 *
 * @param deviceId the device
 * @param conversion from the capture format at the time of the request. The delivery format stays
 *     the same if the capture format changes later
 * @param channelMap the requested sources of the channels, see {@link Conversion#plan}; may be
 *     empty
 * @param frameSize samples per channel in a frame
 * @param queueFrames maximum number of waiting frames, 1 or more
 * @param maxLatencyMs requested maximum age of a waiting frame, in milliseconds; {@link
 *     StreamStart} has the granted one
 * @param overflowPolicy what happens if a bound is exceeded
 * @param onDeviceLoss what happens when the device is lost
 * @param start the position at which the subscription starts
 * @param codec encodes the frames, or measures their levels
 * @param clockNotices whether the stream reports how fast the device's clock runs
 */
public record SubscriptionSpec(
    String deviceId,
    Conversion conversion,
    List<Integer> channelMap,
    int frameSize,
    int queueFrames,
    int maxLatencyMs,
    OverflowPolicy overflowPolicy,
    OnDeviceLoss onDeviceLoss,
    StartFrom start,
    StreamCodec codec,
    boolean clockNotices) {

  private static final int DEFAULT_FRAMES_PER_SECOND = 50;
  private static final int DEFAULT_LATENCY_MS = 200;

  /** The maximum of {@code maxLatencyMs}. */
  public static final int MAX_LATENCY_MS = 60_000;

  /**
   * Limits the queue for very small frames: a minute of one-sample frames would be millions of
   * frames.
   */
  private static final int MAX_QUEUE_FRAMES = 16_384;

  private static final int MAX_QUEUE_BYTES = 64 << 20;

  /** The maximum audio in a frame. With everything else, its message is at most 1 MiB. */
  public static final int MAX_PCM_BYTES = (1 << 20) - 1_024;

  /** A larger frame is sent after all others are written. */
  private static final int MAX_UNSENT_BYTES = 64 << 10;

  private static final int MAX_PREROLL_MS = 600_000;

  private static final int DEFAULT_INTERVAL_MS = 100;
  private static final int MIN_INTERVAL_MS = 20;
  private static final int MAX_INTERVAL_MS = 10_000;

  /**
   * The requested format. Values that are not specified are as captured.
   *
   * @param encoding empty: as captured
   * @param sampleRateHz 0: as captured
   * @param channelCount 0: as many as {@code channelMap} names, or as captured
   * @param channelMap the sources of the channels, see {@link Conversion#plan}; may be empty
   */
  public record RequestedFormat(
      Optional<SampleEncoding> encoding,
      int sampleRateHz,
      int channelCount,
      List<Integer> channelMap) {

    /** Returns the number of channels, for a device that is captured in a format. */
    public int channelCountFrom(PcmFormat captured) {
      int asMapped = channelMap.isEmpty() ? captured.channelCount() : channelMap.size();
      return channelCount == 0 ? asMapped : channelCount;
    }
  }

  /** Copies the list. */
  public SubscriptionSpec {
    channelMap = List.copyOf(channelMap);
  }

  /**
   * The parameters of a request, before they are checked against a device.
   *
   * @param frameSize samples per channel; 0: 20 ms, or as much as 1 MiB can hold if that is less
   * @param format see {@link RequestedFormat}
   * @param maxLatencyMs milliseconds; 0: 200, or the length of two frames if that is more
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

  /** Returns the format of the frames. */
  public PcmFormat format() {
    return conversion.delivered();
  }

  /**
   * Returns the number of unsent bytes from which a transport is not ready: two frames, but at
   * least 20 ms, so that short frames of one period are written together. It is small because
   * frames beyond it can no longer be dropped, and because they take memory for each subscriber.
   */
  public int unsentBytes() {
    long samples = Math.max(2L * frameSize, format().sampleRateHz() / 50);
    long bytes = samples * codec.frameBytes(format(), frameSize) / frameSize;
    return (int) Math.max(1, Math.min(MAX_UNSENT_BYTES, bytes));
  }

  /**
   * Returns whether frames are shorter than 5 ms. Then three or more of them become due with each
   * usual period, and it costs less to send them together than one by one.
   */
  public boolean hasShortFrames() {
    return frameSize < format().sampleRateHz() / 200;
  }

  /** Returns the maximum age of a waiting frame, in nanoseconds. */
  public long maxAgeNanos() {
    return maxLatencyMs * 1_000_000L;
  }

  /**
   * Checks a request and fills in every default.
   *
   * @throws StreamException INVALID_REQUEST or FORMAT_NOT_AVAILABLE, with the expected values. The
   *     capture format and all formats that {@link Conversion#plan} supports are always available
   *     if the codec has them
   */
  public static SubscriptionSpec resolve(DeviceDescriptor device, Request request)
      throws StreamException {
    Conversion conversion = conversion(device.captureFormat(), request.format());
    PcmFormat format = conversion.delivered();
    int frameSize = request.frameSize();
    int maxLatencyMs = request.maxLatencyMs();
    int rate = format.sampleRateHz();
    int largest = Math.min(rate, MAX_PCM_BYTES / format.bytesPerSampleFrame());
    String reason = largest == rate ? "one second" : "a message of 1 MiB";
    checkRange("frame_size", frameSize, 0, largest, " samples, " + reason);
    int size = frameSize == 0 ? Math.min(rate / DEFAULT_FRAMES_PER_SECOND, largest) : frameSize;
    request.codec().check(format, size);

    int frameMs = (int) Math.ceil(1000.0 * size / rate);
    if (maxLatencyMs != 0) {
      checkRange("max_latency_ms", maxLatencyMs, frameMs, MAX_LATENCY_MS, "; at least one frame");
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
        conversion,
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

  /**
   * Returns the parameters of a subscription to the levels of a device, in its capture format. A
   * frame is an interval.
   *
   * @param intervalMs milliseconds, rounded down to whole samples; 0: 100
   * @param codec encodes the levels
   * @throws StreamException INVALID_REQUEST if the interval is out of range
   */
  public static SubscriptionSpec resolveLevels(
      DeviceDescriptor device, int intervalMs, OnDeviceLoss onDeviceLoss, LevelCodec codec)
      throws StreamException {
    int millis = intervalMs == 0 ? DEFAULT_INTERVAL_MS : intervalMs;
    checkRange(
        "interval_ms",
        millis,
        MIN_INTERVAL_MS,
        MAX_INTERVAL_MS,
        ", or 0 for %d".formatted(DEFAULT_INTERVAL_MS));
    PcmFormat format = device.captureFormat();
    int latencyMs = Math.max(DEFAULT_LATENCY_MS, 2 * millis);
    return new SubscriptionSpec(
        device.id(),
        Conversion.plan(format, format, List.of()),
        List.of(),
        (int) (format.sampleRateHz() * (long) millis / 1000),
        latencyMs / millis,
        latencyMs,
        OverflowPolicy.DROP_OLDEST,
        onDeviceLoss,
        StartFrom.LIVE,
        codec,
        false);
  }

  private static void checkStart(StartFrom start, int frameSize) throws StreamException {
    if (start instanceof StartFrom.Preroll preroll) {
      checkRange("preroll_ms", preroll.millis(), 0, MAX_PREROLL_MS, "");
    } else if (start instanceof StartFrom.Resume resume) {
      if (resume.epoch() <= 0) {
        throw new StreamException(
            Reason.INVALID_REQUEST,
            "resume.epoch: %d (expected: the epoch of a started message, more than 0)"
                .formatted(resume.epoch()));
      }
      if (resume.sampleIndex() < 0 || resume.sampleIndex() % frameSize != 0) {
        throw new StreamException(
            Reason.INVALID_REQUEST,
            "resume.sample_index: %d (expected: 0 or a positive multiple of frame_size, %d)"
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

  private static Conversion conversion(PcmFormat captured, RequestedFormat requested)
      throws StreamException {
    int rate = requested.sampleRateHz() == 0 ? captured.sampleRateHz() : requested.sampleRateHz();
    Conversion.checkRate(captured.sampleRateHz(), rate);
    int channels = requested.channelCountFrom(captured);
    PcmFormat format;
    try {
      format = new PcmFormat(requested.encoding().orElse(captured.encoding()), rate, channels);
    } catch (IllegalArgumentException e) {
      throw new StreamException(Reason.INVALID_REQUEST, "format." + e.getMessage(), e);
    }
    return Conversion.plan(captured, format, requested.channelMap());
  }
}
