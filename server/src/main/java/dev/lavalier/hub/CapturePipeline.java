package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.Period;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One uninterrupted opening of a device: what its reader reads, handed to the deliveries, each of
 * which converts it once and cuts it, and the lanes woken.
 *
 * <p>The reader's thread calls the listener's methods; the device's actor calls the others. They
 * share the two arrays, which are replaced and never changed.
 */
final class CapturePipeline implements CaptureListener {

  private static final Logger log = LoggerFactory.getLogger(CapturePipeline.class);

  /** What the actor is told, on the reader's thread. */
  interface PipelineListener {
    /** The first period has come. */
    void onFirstPeriod(CapturePipeline pipeline);

    /** The device lost samples while it was open. */
    void onOverrun(CapturePipeline pipeline, long samples);

    /** It gives nothing but zeros now, or no longer. */
    void onSilence(CapturePipeline pipeline, boolean silent);

    /** It gave out. */
    void onLost(CapturePipeline pipeline, String reason);
  }

  private final long number;
  private final PcmFormat format;
  private final FrameCodec codec;
  private final PolyphaseFilters filters;
  private final PipelineListener listener;
  private final StreamMetrics streamMetrics;
  private final History history; // null: nothing is kept
  private long lastReadNanos; // the reader's thread alone

  private volatile FormatPipeline[] formatPipelines = {};
  private volatile DeliveryLoop[] deliveryLoops = {};

  // Written by the reader's thread alone.
  private volatile long nextIndex = -1; // -1: no period yet
  private volatile long overrunEnd; // the sample after the last one that the device lost

  /**
   * Makes an epoch without subscribers.
   *
   * @param number its number
   * @param format the format in which the device is captured
   * @param streamMetrics counts its periods
   * @param history keeps the periods; null: nothing is kept
   */
  CapturePipeline(
      long number,
      PcmFormat format,
      FrameCodec codec,
      PolyphaseFilters filters,
      PipelineListener listener,
      StreamMetrics streamMetrics,
      History history) {
    this.number = number;
    this.format = format;
    this.codec = codec;
    this.filters = filters;
    this.listener = listener;
    this.streamMetrics = streamMetrics;
    this.history = history;
  }

  long number() {
    return number;
  }

  PcmFormat format() {
    return format;
  }

  @Override
  public void onPeriod(Period period) {
    long expected = nextIndex;
    if (expected < 0) {
      listener.onFirstPeriod(this);
    } else if (period.sampleIndex() > expected) {
      overrunEnd = period.sampleIndex();
      listener.onOverrun(this, period.sampleIndex() - expected);
    }
    nextIndex = period.endIndex();
    long length = format.nanosOf(period.samples());
    long sinceLast = period.readNanos() - lastReadNanos;
    streamMetrics.onPeriod(period.samples(), expected < 0 ? 0 : Math.abs(sinceLast - length));
    lastReadNanos = period.readNanos();
    // First: who replays must find there whatever a framer has published.
    if (history != null) {
      history.add(period);
    }
    boolean published = false;
    for (FormatPipeline formatPipeline : formatPipelines) {
      published |= formatPipeline.process(period);
    }
    if (published) {
      for (DeliveryLoop deliveryLoop : deliveryLoops) {
        deliveryLoop.wake();
      }
    }
  }

  @Override
  public void onSilence(boolean muted) {
    listener.onSilence(this, muted);
  }

  @Override
  public void onLost(String message) {
    listener.onLost(this, message);
  }

  /**
   * Brings deliveries, framers and lanes into line with who is subscribed now.
   *
   * @param subscriptions each with the conversion that it gets
   */
  void updateSubscriptions(Map<Subscription, Conversion> subscriptions) {
    Map<Conversion, Set<Integer>> needed = new LinkedHashMap<>();
    Set<DeliveryLoop> loops = new LinkedHashSet<>();
    subscriptions.forEach(
        (subscription, conversion) -> {
          loops.add(subscription.deliveryLoop());
          needed
              .computeIfAbsent(conversion, c -> new LinkedHashSet<>())
              .add(subscription.spec().frameSize());
        });
    List<FormatPipeline> next = new ArrayList<>();
    List<FormatPipeline> before = List.of(formatPipelines);
    needed.forEach(
        (conversion, frameSizes) -> {
          FormatPipeline formatPipeline = formatPipeline(conversion);
          if (formatPipeline == null) {
            formatPipeline = new FormatPipeline(conversion, codec, filters);
          }
          formatPipeline.setFrameSizes(frameSizes);
          next.add(formatPipeline);
        });
    // The lanes first, so that no new framer's frame goes by without its lane being woken.
    deliveryLoops = loops.toArray(DeliveryLoop[]::new);
    formatPipelines = next.toArray(FormatPipeline[]::new);
    before.stream().filter(formatPipeline -> !next.contains(formatPipeline)).forEach(CapturePipeline::logClipping);
  }

  /** Says what is to be said when the reader has ended. */
  void close() {
    List.of(formatPipelines).forEach(CapturePipeline::logClipping);
  }

  private static void logClipping(FormatPipeline formatPipeline) {
    if (formatPipeline.clippedSamples() > 0) {
      log.info(
          "{} delivered as {}: {} numbers were clamped at full scale",
          formatPipeline.conversion().captured(),
          formatPipeline.conversion().delivered(),
          formatPipeline.clippedSamples());
    }
  }

  /** Returns the framer at work for a conversion and a frame size that somebody is served with. */
  Framer framer(Conversion conversion, int frameSize) {
    return formatPipeline(conversion).framer(frameSize);
  }

  /** Returns how many samples have been captured, those that the device lost counted. */
  long capturedSamples() {
    return Math.max(0, nextIndex);
  }

  /** Returns where the device lost samples last: the index of the first after them; 0: nowhere. */
  long overrunEnd() {
    return overrunEnd;
  }

  /** Returns where a subscription begins that is served from now on. */
  StartPosition startPosition(SubscriptionSpec spec, Conversion conversion) {
    return StartPosition.of(spec, conversion, number, history);
  }

  /**
   * Returns what takes a subscription from there to the present; null where nothing need.
   *
   * @param published how many frames its framer has published
   */
  ReplaySource replay(StartPosition startPosition, Conversion conversion, SubscriptionSpec spec, long published) {
    return startPosition.first() == null
        ? null
        : new ReplaySource(
            history,
            startPosition.first(),
            () -> new FormatPipeline(conversion, codec, filters),
            spec,
            published);
  }

  private FormatPipeline formatPipeline(Conversion conversion) {
    for (FormatPipeline formatPipeline : formatPipelines) {
      if (formatPipeline.conversion().equals(conversion)) {
        return formatPipeline;
      }
    }
    return null;
  }
}
