package dev.lavalier.pipeline;

import dev.lavalier.audio.Conversion;
import dev.lavalier.capture.Period;
import dev.lavalier.common.WorkBudget;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The replay source of one subscription: reads the history until it reaches the live frames. It
 * converts and cuts the kept periods for this subscription in the same way as the live frames, and
 * encodes them on the delivery loop. So frames of PCM are identical to the byte. The capture thread
 * and the encoder threads are not involved.
 *
 * <p>It is paced: it sends {@value #CATCH_UP_FACTOR} frames for each frame that is captured in the
 * meantime, and processes only some periods before the other subscriptions of the delivery loop get
 * a turn. Its delivery loop limits the processor time of all its replays.
 *
 * <p>Used only by the delivery loop of the subscription.
 */
final class ReplaySource implements FrameSource {

  static final int CATCH_UP_FACTOR = 5;

  private static final int MAX_PERIODS_PER_TURN = 10;

  /** The processor time that the conversion and the encoder may take in a turn. */
  private static final long TURN_NANOS = 2_000_000;

  private final History history;
  private final Supplier<FormatPipeline> formatPipelines;
  private final StreamPlan plan;
  private final FrameRing liveRing;
  private final int capacity;
  private final long maxAgeNanos;

  private FormatPipeline formatPipeline;
  private LiveSource frames; // the frames of formatPipeline
  private long next; // number of the next period
  private long published; // frames that the live framer had published at the last turn
  private final long maxBudget;
  private final int periodsPerTurn;
  private final WorkBudget unlimited = WorkBudget.unlimited(); // the delivery loop has one
  private long budget = CATCH_UP_FACTOR; // frames that may be sent now
  private int periodBudget; // periods that may be processed now

  /**
   * Creates a source that starts with a period.
   *
   * @param formatPipelines creates a pipeline of the plan's conversion
   * @param liveRing the frames of the live framer with the same plan
   * @param published number of frames that the live framer has published
   * @param capacity capacity of the {@link LiveSource} that continues this source
   * @param maxAgeNanos maximum age of that source
   */
  ReplaySource(
      History history,
      History.Entry first,
      Supplier<FormatPipeline> formatPipelines,
      StreamPlan plan,
      FrameRing liveRing,
      long published,
      int capacity,
      long maxAgeNanos) {
    this.history = history;
    this.formatPipelines = formatPipelines;
    this.plan = plan;
    this.liveRing = liveRing;
    this.capacity = capacity;
    this.maxAgeNanos = maxAgeNanos;
    this.maxBudget = (long) CATCH_UP_FACTOR * capacity;
    this.published = published;
    this.periodsPerTurn = periodsPerTurn(first.period());
    restart(first.sequence());
  }

  private void restart(long period) {
    next = period;
    formatPipeline = formatPipelines.get();
    formatPipeline.setPlans(Map.of(plan, 1));
    // No bounds are needed: the frames of one period are removed before the next is processed.
    frames = LiveSource.after(null, ownRing(), Integer.MAX_VALUE, Long.MAX_VALUE);
  }

  private int periodsPerTurn(Period period) {
    Conversion conversion = plan.conversion();
    long work = conversion.workNanosPerSecond() + plan.encodingNanosPerSecond();
    double periodNanos = work * (conversion.captured().nanosOf(period.samples()) / 1e9);
    return (int) Math.max(1, Math.min(MAX_PERIODS_PER_TURN, TURN_NANOS / periodNanos));
  }

  private FrameRing ownRing() {
    return formatPipeline.frames(plan).ring();
  }

  @Override
  public void startTurn(boolean ready) {
    long publishedNow = liveRing.head();
    // The unused budget is limited to what the queue's capacity allows. A longer pause therefore
    // slows the replay down instead of causing a burst.
    budget = Math.min(budget, maxBudget) + CATCH_UP_FACTOR * (publishedNow - published);
    published = publishedNow;
    periodBudget = periodsPerTurn;
  }

  @Override
  public @Nullable Frame poll(long now) {
    liveRing.checkFailure(); // it could not continue with the live frames
    if (budget <= 0) {
      return null;
    }
    Frame frame = frames.poll(0);
    while (frame == null && periodBudget > 0 && next < history.head()) {
      periodBudget--;
      process(history.get(next));
      frame = frames.poll(0);
    }
    return frame;
  }

  private void process(History.@Nullable Entry entry) {
    if (entry == null) {
      // Overwritten periods must not count as lost by the device, so a new framer starts.
      restart(history.oldestAvailable());
      return;
    }
    next++;
    Period period = entry.period();
    ownRing().setCapacity(plan.replaySlots(period.samples()));
    formatPipeline.process(period, unlimited);
  }

  @Override
  public void onSent() {
    budget--;
  }

  @Override
  public boolean hasMoreWork() {
    return periodBudget == 0 && budget > 0;
  }

  /** Returns whether the next period was overwritten. */
  @Override
  public boolean overflows(long now) {
    return next < history.oldestAvailable();
  }

  @Override
  public boolean isEmpty() {
    return frames.isEmpty() && next == history.head() && liveRing.failure() == null;
  }

  @Override
  public boolean readsHistory() {
    return true;
  }

  /** Returns a live source as soon as all remaining frames are live. */
  @Override
  public FrameSource successor(long nextIndex) {
    Frame latest = liveRing.latest();
    return latest == null || nextIndex <= latest.sampleIndex()
        ? this
        : LiveSource.after(latest, liveRing, capacity, maxAgeNanos);
  }

  @Override
  public LossTotals lossesBefore() {
    return LossTotals.NONE; // its framer starts together with this source
  }
}
