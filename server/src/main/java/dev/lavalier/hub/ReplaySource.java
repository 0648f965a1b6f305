package dev.lavalier.hub;

import dev.lavalier.capture.Period;
import java.util.Set;
import java.util.function.Supplier;

/**
 * One subscriber's way through the history to the present. It converts and cuts the kept periods
 * for this subscriber, by the same means as they were for those who listened then: the frames are
 * the same to the byte. The reader has no part in it.
 *
 * <p>It is paced: {@value #CATCH_UP_FACTOR} frames for each one that is captured meanwhile, and at most
 * {@value #PERIODS_PER_TURN} periods of work before others of the lane have their turn.
 *
 * <p>Used by the lane alone.
 */
final class ReplaySource {

  static final int CATCH_UP_FACTOR = 5;

  private static final int PERIODS_PER_TURN = 10;

  private final History history;
  private final Supplier<FormatPipeline> formatPipelines;
  private final int frameSize;

  private FormatPipeline formatPipeline;
  private LiveSource frames; // of the delivery's own framer
  private long next; // the period that comes next
  private long published; // how many frames the present had when last looked at
  private final long maxBudget;
  private long budget = CATCH_UP_FACTOR; // frames that may be sent now
  private int periodBudget; // periods that may be used now

  /**
   * Makes one that begins at a period.
   *
   * @param formatPipelines makes a delivery of the subscriber's conversion
   * @param spec what the subscriber gets
   * @param published how many frames the subscriber's framer has published
   */
  ReplaySource(
      History history,
      History.Entry first,
      Supplier<FormatPipeline> formatPipelines,
      SubscriptionSpec spec,
      long published) {
    this.history = history;
    this.formatPipelines = formatPipelines;
    this.frameSize = spec.frameSize();
    this.maxBudget = (long) CATCH_UP_FACTOR * spec.queueFrames();
    this.published = published;
    restart(first.sequence());
  }

  private void restart(long period) {
    next = period;
    formatPipeline = formatPipelines.get();
    formatPipeline.setFrameSizes(Set.of(frameSize));
    // Its bound is what one period can give: it is emptied before the next.
    frames =
        new LiveSource(formatPipeline.framer(frameSize).ring(), 0, Integer.MAX_VALUE, Long.MAX_VALUE);
  }

  /**
   * Grants what may be sent and done now.
   *
   * @param publishedNow how many frames the subscriber's framer has published
   */
  void replenish(long publishedNow) {
    // A pause that the queue would bridge costs no speed; a longer one does, and is not made up for
    // at one blow.
    budget = Math.min(budget, maxBudget) + CATCH_UP_FACTOR * (publishedNow - published);
    published = publishedNow;
    periodBudget = PERIODS_PER_TURN;
  }

  /** Returns the next frame; null where there is none, or what was granted is used up. */
  Frame poll() {
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

  private void process(History.Entry entry) {
    if (entry == null) {
      // What is gone must not look as if the device had lost it: another framer begins.
      restart(history.oldestAvailable());
      return;
    }
    next++;
    Period period = entry.period();
    formatPipeline
        .framer(frameSize)
        .ring()
        .ensureCapacity(formatPipeline.conversion().maxOutputSamples(period.samples()) / frameSize + 2);
    formatPipeline.process(period);
  }

  /** A frame was sent. */
  void onFrameSent() {
    budget--;
  }

  /** Tells whether there is more to do at once, when others have had their turn. */
  boolean hasMoreWork() {
    return periodBudget == 0 && budget > 0;
  }

  /** Tells whether what comes next is gone. */
  boolean isLapped() {
    return next < history.oldestAvailable();
  }

  /** Tells whether no frame waits. */
  boolean isEmpty() {
    return frames.isEmpty() && next == history.head();
  }
}
