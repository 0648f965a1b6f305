package dev.lavalier.pipeline;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.FormatConverter;
import dev.lavalier.audio.Planes;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import dev.lavalier.common.WorkBudget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The pipeline of one delivery format of a {@link CapturePipeline}. It converts each period once,
 * regardless of the number of subscriptions, and passes it to one framer per frame size and codec,
 * and to one level framer per interval. A {@link FramerGroup} passes it to the framers of each
 * encoder thread. If the delivery format is the capture format, the period is passed on unchanged.
 *
 * <p>{@link #process} runs on the capture thread of the device, or on the delivery loop if a {@link
 * ReplaySource} owns the pipeline. The owner calls the other methods: the device's actor or the
 * delivery loop. They share arrays that are replaced and never changed.
 */
final class FormatPipeline {

  private static final Loss SKIPPED = new Loss(LossCause.SERVER_OVERLOAD, false);

  private final Conversion conversion;
  private final @Nullable FormatConverter converter; // null: delivered as captured
  private final LongSupplier nanoTime;
  private final long epoch;
  private final FramerGroup.@Nullable Encoding encoding; // null: process() encodes
  private volatile Framer[] framers = {};
  private volatile FramerGroup[] groups = {}; // of these framers, one for each thread
  private volatile LevelFramer[] levelFramers = {};

  // Used only by the thread that calls process().
  private long nextIndex = -1; // the captured sample that comes next; -1: no period yet
  private Loss lastLoss = Loss.OVERRUN;
  private boolean skipped; // at least the period before
  private boolean levelsSkipped; // at least the levels of the period before

  /** Creates a pipeline without plans, which encodes on the thread that calls {@link #process}. */
  FormatPipeline(Conversion conversion, Planes planes, LongSupplier nanoTime, long epoch) {
    this(conversion, planes, nanoTime, epoch, null);
  }

  /**
   * Creates a pipeline without plans.
   *
   * @param planes the channels that the converters of this pipeline share
   * @param nanoTime returns the steady time
   * @param epoch the number of the epoch
   * @param encoding for codecs that have threads; null: {@link #process} encodes
   */
  FormatPipeline(
      Conversion conversion,
      Planes planes,
      LongSupplier nanoTime,
      long epoch,
      FramerGroup.@Nullable Encoding encoding) {
    this.epoch = epoch;
    this.encoding = encoding;
    this.conversion = conversion;
    this.nanoTime = nanoTime;
    this.converter = conversion.isIdentity() ? null : new FormatConverter(conversion, planes);
  }

  Conversion conversion() {
    return conversion;
  }

  /** Returns how many sample values were clipped at full scale so far. */
  long clippedSamples() {
    return converter == null ? 0 : converter.clippedSamples();
  }

  /**
   * Sets the plans. Keeps one framer for each plan, and discards the framers of other plans. All
   * plans must have this conversion.
   *
   * @param ringSlots the slots of the ring of each plan, a power of 2
   */
  void setPlans(Map<StreamPlan, Integer> ringSlots) {
    List<Framer> audio = new ArrayList<>();
    List<LevelFramer> levels = new ArrayList<>();
    ringSlots.forEach(
        (plan, slots) -> {
          FrameProducer known = frames(plan);
          if (known != null) {
            known.ring().setCapacity(slots);
          }
          if (plan.measuresLevels()) {
            levels.add(known == null ? new LevelFramer(plan, slots, epoch) : (LevelFramer) known);
          } else {
            audio.add(known == null ? newFramer(plan, slots) : (Framer) known);
          }
        });
    Arrays.stream(framers).filter(each -> !audio.contains(each)).forEach(Framer::discard);
    framers = audio.toArray(Framer[]::new);
    groups = grouped(audio);
    levelFramers = levels.toArray(LevelFramer[]::new);
  }

  /** Returns the frames of a plan; null if no subscription has the plan. */
  @Nullable FrameProducer frames(StreamPlan plan) {
    for (FrameProducer each : plan.measuresLevels() ? levelFramers : framers) {
      if (each.plan().equals(plan)) {
        return each;
      }
    }
    return null;
  }

  private Framer newFramer(StreamPlan plan, int slots) {
    return new Framer(plan, slots, encoding != null, nanoTime);
  }

  private FramerGroup[] grouped(List<Framer> audio) {
    Map<@Nullable Executor, List<Framer>> byThread = new LinkedHashMap<>();
    audio.forEach(f -> byThread.computeIfAbsent(f.thread(), t -> new ArrayList<>()).add(f));
    List<FramerGroup> next = new ArrayList<>();
    byThread.forEach(
        (thread, ofThread) -> {
          FramerGroup group = group(thread);
          group.setFramers(ofThread.toArray(Framer[]::new));
          next.add(group);
        });
    return next.toArray(FramerGroup[]::new);
  }

  private FramerGroup group(@Nullable Executor thread) {
    for (FramerGroup each : groups) {
      if (Objects.equals(each.thread(), thread)) {
        return each;
      }
    }
    long burst = conversion.delivered().samplesIn(StreamPlan.MAX_BURST_NANOS);
    return new FramerGroup(thread, encoding, burst);
  }

  /**
   * Converts one period and passes it to the framers. If the budget is spent, skips the period
   * instead: its samples are lost to the server's overload.
   *
   * @param captured in the capture format; its array is not kept
   * @param budget limits the processor time of conversions and levels
   * @return whether at least one frame was published before this method returned
   */
  boolean process(Period captured, WorkBudget budget) {
    if (converter == null) {
      return publish(captured, budget);
    }
    if (budget.isSpent()) {
      skipped = true;
      return false;
    }
    budget.start();
    Period block = converted(converter, captured);
    budget.stop();
    return publish(block, budget);
  }

  private boolean publish(Period block, WorkBudget budget) {
    boolean published = false;
    for (FramerGroup group : groups) {
      published |= group.accept(block); // an empty block tells the framers their position
    }
    return measure(block, budget) || published;
  }

  /** Passes a block to the level framers, or omits it if the budget is spent. */
  private boolean measure(Period block, WorkBudget budget) {
    LevelFramer[] current = levelFramers;
    if (current.length == 0) {
      return false;
    }
    if (budget.isSpent()) {
      levelsSkipped = true;
      return false;
    }
    boolean published = false;
    long now = nanoTime.getAsLong();
    budget.start();
    for (LevelFramer framer : current) {
      published |= framer.accept(block, levelsSkipped ? SKIPPED : block.loss(), now);
    }
    budget.stop();
    levelsSkipped = false;
    return published;
  }

  private Period converted(FormatConverter with, Period captured) {
    // A resampler may return the first samples after a loss only with a later period.
    if (captured.sampleIndex() != nextIndex) {
      lastLoss = skipped ? SKIPPED : captured.loss();
      skipped = false;
    }
    nextIndex = captured.endIndex();
    int count = with.convert(captured.pcm(), captured.samples(), captured.sampleIndex());
    long index = with.outputIndex();
    long offsetNanos =
        conversion.delivered().nanosOf(index)
            - conversion.captured().nanosOf(captured.sampleIndex());
    return captured.converted(with.output(), count, index, offsetNanos, lastLoss);
  }
}
