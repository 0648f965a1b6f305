package dev.lavalier.pipeline;

import dev.lavalier.capture.Period;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One subscriber's way through the history to the present. It converts and cuts the kept periods
 * for this subscriber, by the same means as they were for those who listened then: the frames are
 * the same to the byte. The reader has no part in it.
 *
 * <p>It is paced: {@value #CATCH_UP_FACTOR} frames for each one that is captured meanwhile, and at
 * most {@value #PERIODS_PER_TURN} periods of work before others of the lane have their turn.
 *
 * <p>Used by the lane alone.
 */
public final class ReplaySource implements FrameSource {

  static final int CATCH_UP_FACTOR = 5;

  private static final int PERIODS_PER_TURN = 10;

  private final History history;
  private final Supplier<FormatPipeline> formatPipelines;
  private final StreamPlan plan;
  private final FrameRing liveRing;
  private final int capacity;
  private final long maxAgeNanos;

  private FormatPipeline formatPipeline;
  private LiveSource frames; // of the format pipeline's own framer
  private long next; // the period that comes next
  private long published; // how many frames the live framer had published at the last turn
  private final long maxBudget;
  private long budget = CATCH_UP_FACTOR; // frames that may be sent now
  private int periodBudget; // periods that may be processed now

  /**
   * Creates a source that starts with a period.
   *
   * @param formatPipelines creates a pipeline of the plan's conversion
   * @param liveRing the frames of the live framer with the same plan
   * @param published how many frames that framer has published
   * @param capacity the bounds of the {@link LiveSource} that continues this one
   * @param maxAgeNanos see {@code capacity}
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
    restart(first.sequence());
  }

  private void restart(long period) {
    next = period;
    formatPipeline = formatPipelines.get();
    formatPipeline.setPlans(Set.of(plan));
    // Its bound is what one period can give: it is emptied before the next.
    frames = LiveSource.after(null, ownRing(), Integer.MAX_VALUE, Long.MAX_VALUE);
  }

  private FrameRing ownRing() {
    return formatPipeline.framer(plan).ring();
  }

  @Override
  public void startTurn() {
    long publishedNow = liveRing.head();
    // A pause that the queue would bridge costs no speed; a longer one does, and is not made up for
    // at one blow.
    budget = Math.min(budget, maxBudget) + CATCH_UP_FACTOR * (publishedNow - published);
    published = publishedNow;
    periodBudget = PERIODS_PER_TURN;
  }

  @Override
  public @Nullable Frame poll(long now) {
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
      // What is gone must not look as if the device had lost it: another framer begins.
      restart(history.oldestAvailable());
      return;
    }
    next++;
    Period period = entry.period();
    int maxOutput = plan.conversion().maxOutputSamples(period.samples());
    ownRing().ensureCapacity(maxOutput / plan.frameSize() + 2);
    formatPipeline.process(period);
  }

  @Override
  public void onSent() {
    budget--;
  }

  @Override
  public boolean hasMoreWork() {
    return periodBudget == 0 && budget > 0;
  }

  /** Returns whether the period that comes next was overwritten. */
  @Override
  public boolean overflows(long now) {
    return next < history.oldestAvailable();
  }

  @Override
  public boolean isEmpty() {
    return frames.isEmpty() && next == history.head();
  }

  /** Continues with the present as soon as the next sample belongs to it. */
  @Override
  public FrameSource successor(long nextIndex) {
    Frame latest = liveRing.latest();
    return latest == null || nextIndex <= latest.sampleIndex()
        ? this
        : LiveSource.after(latest, liveRing, capacity, maxAgeNanos);
  }

  @Override
  public long deviceLossBefore() {
    return 0; // its framer starts with it
  }
}
