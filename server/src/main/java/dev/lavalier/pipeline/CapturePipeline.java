package dev.lavalier.pipeline;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.Planes;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.WorkBudget;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the frames of one epoch (one uninterrupted opening of a device). Each period is kept in
 * the history, converted once per delivery format, and cut or measured once per plan. Then each
 * delivery loop that has subscriptions is notified once.
 *
 * <p>The capture thread calls the listener's methods. The device's actor calls the others, except
 * {@link #epoch}, {@link #format} and {@link #capturedSamples}, which any thread may call. The two
 * share arrays that are replaced and never changed.
 */
public final class CapturePipeline implements CaptureListener {

  private static final Logger log = LoggerFactory.getLogger(CapturePipeline.class);

  private final long epoch;
  private final long startIndex;
  private final PcmFormat format;
  private final PolyphaseFilters filters;
  private final Planes planes; // used by the actor
  private final LongSupplier nanoTime;
  private final WorkBudget conversions;
  private final WorkBudget encoders;
  private final FramerGroup.Encoding encoding;
  private final PipelineListener listener;
  private final StreamMetrics streamMetrics;
  private final @Nullable LevelGauge levelGauge; // null: no metrics are kept
  private final int periodSamples;
  private volatile long maxDelaySamples;
  private volatile @Nullable History history; // null: none is kept, or the epoch has ended
  private long lastReadNanos; // used only by the capture thread

  private volatile FormatPipeline[] formatPipelines = {};
  private volatile FrameListener[] frameListeners = {};

  // Written only by the capture thread.
  private volatile long nextIndex = -1; // -1: no period yet
  private volatile long overrunEnd; // the sample after the last one that the device lost

  /**
   * Creates a pipeline without plans.
   *
   * @param epoch the number of the epoch
   * @param startIndex see {@code Capture.startIndex}
   * @param format the format in which the device is captured
   * @param periodSamples samples per channel in a period
   * @param historyNanos length of the history in nanoseconds; 0: none
   * @param nanoTime returns the steady time
   * @param conversions limits the processor time of conversions and levels, on the capture thread
   * @param encoders limits the processor time of encoders, on their threads
   * @param streamMetrics counts the periods
   */
  public CapturePipeline(
      long epoch,
      long startIndex,
      PcmFormat format,
      int periodSamples,
      long historyNanos,
      PolyphaseFilters filters,
      LongSupplier nanoTime,
      WorkBudget conversions,
      WorkBudget encoders,
      PipelineListener listener,
      StreamMetrics streamMetrics) {
    this.epoch = epoch;
    this.startIndex = startIndex;
    this.format = format;
    this.filters = filters;
    this.planes = new Planes(filters);
    this.nanoTime = nanoTime;
    this.conversions = conversions;
    this.encoders = encoders;
    this.encoding = new FramerGroup.Encoding(encoders, this::notifyListeners);
    this.listener = listener;
    this.streamMetrics = streamMetrics;
    this.levelGauge =
        streamMetrics == StreamMetrics.NONE ? null : new LevelGauge(format, streamMetrics);
    this.periodSamples = periodSamples;
    this.history = historyNanos == 0 ? null : new History(historyNanos, format, periodSamples);
  }

  /** Returns the number of the epoch. */
  public long epoch() {
    return epoch;
  }

  /** Returns the format in which the device is captured. */
  public PcmFormat format() {
    return format;
  }

  @Override
  public void onPeriod(Period period) {
    long expected = nextIndex;
    if (expected < 0) {
      listener.onFirstPeriod(this);
    } else if (period.sampleIndex() > expected && period.loss().cause() != LossCause.UPSTREAM) {
      overrunEnd = period.sampleIndex();
      listener.onOverrun(this, period.sampleIndex() - expected);
    }
    nextIndex = period.endIndex();
    long length = format.nanosOf(period.samples());
    long sinceLast = period.readNanos() - lastReadNanos;
    streamMetrics.onPeriod(period.samples(), expected < 0 ? 0 : Math.abs(sinceLast - length));
    lastReadNanos = period.readNanos();
    // First, because a replay must find in the history every sample that a framer has published.
    History kept = history;
    if (kept != null) {
      kept.add(period);
    }
    conversions.accrue(length);
    encoders.accrue(length);
    if (levelGauge != null) {
      levelGauge.add(period, conversions);
    }
    boolean published = false;
    for (FormatPipeline formatPipeline : formatPipelines) {
      published |= formatPipeline.process(period, conversions);
    }
    if (published) {
      notifyListeners();
    }
  }

  /** Notifies the delivery loops. Called on the capture thread and on encoder threads. */
  private void notifyListeners() {
    for (FrameListener each : frameListeners) {
      each.onFramesPublished();
    }
  }

  @Override
  public void onSilence(boolean silent) {
    listener.onSilence(this, silent);
  }

  @Override
  public void onLost(String reason) {
    listener.onLost(this, reason);
  }

  /**
   * Sets the plans by which frames are made from now on. Framers of other plans are discarded. If
   * the budget of conversions is spent, the most expensive conversions skip periods first.
   *
   * @param queueFrames for each plan, the maximum number of live frames that may wait for one of
   *     its subscriptions
   * @param listeners notified when frames were published
   */
  public void update(Map<StreamPlan, Integer> queueFrames, Set<? extends FrameListener> listeners) {
    Map<Conversion, Map<StreamPlan, Integer>> byConversion = new LinkedHashMap<>();
    queueFrames.forEach(
        (plan, frames) ->
            byConversion
                .computeIfAbsent(plan.conversion(), c -> new LinkedHashMap<>())
                .put(plan, plan.ringSlots(frames)));
    List<FormatPipeline> before = List.of(formatPipelines);
    List<FormatPipeline> next = new ArrayList<>();
    byConversion.forEach(
        (conversion, ofConversion) -> {
          FormatPipeline formatPipeline = formatPipeline(conversion);
          if (formatPipeline == null) {
            formatPipeline = new FormatPipeline(conversion, planes, nanoTime, epoch, encoding);
          }
          formatPipeline.setPlans(ofConversion);
          next.add(formatPipeline);
        });
    next.sort(Comparator.comparingLong(each -> each.conversion().workNanosPerSecond()));
    // Listeners first: otherwise a new framer's first frame may be published without notification.
    frameListeners = listeners.toArray(FrameListener[]::new);
    formatPipelines = next.toArray(FormatPipeline[]::new);
    for (FormatPipeline each : before) {
      if (!next.contains(each)) {
        each.setPlans(Map.of());
        logClipping(each);
      }
    }
  }

  /**
   * Returns about how many bytes the history of a pipeline takes when it is full.
   *
   * @param historyNanos length of the history in nanoseconds
   * @param format the format in which the device is captured
   * @param periodSamples samples per channel in a period
   */
  public static long historyBytes(long historyNanos, PcmFormat format, int periodSamples) {
    return History.bytes(historyNanos, format, periodSamples);
  }

  /**
   * Allows positions to resume at that are not captured yet. Called before the capture is started.
   *
   * @param nanos see {@code Capture.maxDelay}
   */
  public void setMaxDelay(long nanos) {
    maxDelaySamples = format.samplesIn(nanos);
  }

  /**
   * Adds periods of the epoch that precede the first one to the history, if there is one. Called
   * before the capture is started.
   *
   * @param kept see {@code Capture.kept}
   */
  public void addKept(List<Period> kept) {
    History target = history;
    if (target != null) {
      kept.forEach(target::add);
    }
  }

  /**
   * Returns frames of the history, the same as live ones. May be called from any thread.
   *
   * @param plan a plan without a conversion
   * @param fromIndex the first sample that is needed, a multiple of the frame size
   * @param maxBytes the maximum size of their messages; at least one frame is returned
   */
  public List<Frame> kept(StreamPlan plan, long fromIndex, int maxBytes) {
    History source = history;
    List<Frame> frames = new ArrayList<>();
    if (source == null || source.head() == 0) {
      return frames;
    }
    FormatPipeline cutter =
        new FormatPipeline(plan.conversion(), new Planes(filters), nanoTime, epoch);
    cutter.setPlans(Map.of(plan, 1));
    FrameRing ring = cutter.frames(plan).ring();
    LiveSource cut = LiveSource.after(null, ring, Integer.MAX_VALUE, Long.MAX_VALUE);
    long bytes = 0;
    long next = source.find(fromIndex).sequence();
    for (History.Entry entry; next < source.head() && bytes < maxBytes; next++) {
      entry = source.get(next);
      if (entry == null) {
        return List.of(); // overwritten in the meantime
      }
      ring.setCapacity(plan.replaySlots(entry.period().samples()));
      cutter.process(entry.period(), WorkBudget.unlimited());
      for (Frame frame = cut.poll(0); frame != null; frame = cut.poll(0)) {
        bytes += frame.message().length;
        if (frame.sampleIndex() >= fromIndex && (bytes <= maxBytes || frames.isEmpty())) {
          frames.add(frame);
        }
      }
    }
    return frames;
  }

  /** Releases the history, when the epoch ends. May be called from any thread. */
  public void releaseHistory() {
    history = null;
  }

  /** Logs clipped samples that have not been logged yet. Called when the capture has ended. */
  public void close() {
    List.of(formatPipelines).forEach(CapturePipeline::logClipping);
  }

  private static void logClipping(FormatPipeline formatPipeline) {
    if (formatPipeline.clippedSamples() > 0) {
      log.info(
          "{} delivered as {}: {} sample values were clipped at full scale",
          formatPipeline.conversion().captured(),
          formatPipeline.conversion().delivered(),
          formatPipeline.clippedSamples());
    }
  }

  /**
   * Checks that a stream can start at a position.
   *
   * @param unixMicros the current unix time in microseconds
   * @throws StreamException POSITION_IN_FUTURE if the position has not been captured yet
   */
  public void checkStart(StartFrom start, Conversion conversion, long unixMicros)
      throws StreamException {
    long captured = Math.max(startIndex, nextIndex) + maxDelaySamples;
    StartPosition.check(start, conversion, epoch, captured, unixMicros);
  }

  /**
   * Checks, before a device is opened, that a stream does not resume in the future.
   *
   * @param format the delivery format
   * @param lastEpoch the number of the device's last epoch; 0: there was none
   * @param unixMicros the current unix time in microseconds
   * @throws StreamException POSITION_IN_FUTURE if no earlier epoch can have captured the position
   */
  public static void checkStartBeforeOpening(
      StartFrom start, PcmFormat format, long lastEpoch, long unixMicros) throws StreamException {
    StartPosition.checkBeforeOpening(start, format, lastEpoch, unixMicros);
  }

  /**
   * Opens a stream of frames for one subscription.
   *
   * <p>The frames of a period are offered at once. So both bounds are at least one period: a
   * subscriber that is always ready would otherwise lose frames.
   *
   * @param plan a plan of the last {@link #update}
   * @param start the position at which the stream starts
   * @param queueFrames the maximum number of live frames that may wait, 1 or more, and no more than
   *     the last {@link #update} named
   * @param maxLatencyNanos the maximum age of a live frame, in nanoseconds
   */
  public PipelineStream open(
      StreamPlan plan, StartFrom start, int queueFrames, long maxLatencyNanos) {
    int periodOutput = plan.conversion().maxOutputSamples(periodSamples);
    int capacity = Math.max(queueFrames, (periodOutput + plan.frameSize() - 1) / plan.frameSize());
    long maxAgeNanos = Math.max(maxLatencyNanos, format.nanosOf(periodSamples));
    FrameProducer frames = frames(plan);
    FrameRing ring = frames.ring();
    Frame latest = ring.latest();
    History kept = history;
    StartPosition position = StartPosition.of(start, plan, epoch, kept);
    FrameSource source =
        position.first() == null
            ? LiveSource.after(latest, ring, capacity, maxAgeNanos)
            : new ReplaySource(
                kept,
                position.first(),
                () -> new FormatPipeline(plan.conversion(), new Planes(filters), nanoTime, epoch),
                plan,
                ring,
                FrameRing.headAfter(latest),
                capacity,
                maxAgeNanos);
    return new PipelineStream(this, plan, frames, position, latest, source, maxAgeNanos);
  }

  /** Returns the frames of a plan that the last {@link #update} named. */
  FrameProducer frames(StreamPlan plan) {
    return formatPipeline(plan.conversion()).frames(plan);
  }

  private @Nullable FormatPipeline formatPipeline(Conversion conversion) {
    for (FormatPipeline formatPipeline : formatPipelines) {
      if (formatPipeline.conversion().equals(conversion)) {
        return formatPipeline;
      }
    }
    return null;
  }

  /** Returns how many samples have been captured, including those that the device lost. */
  public long capturedSamples() {
    return Math.max(0, nextIndex - startIndex);
  }

  /** Returns the index of the sample after the last one that the device lost; 0: none was lost. */
  long overrunEnd() {
    return overrunEnd;
  }
}
