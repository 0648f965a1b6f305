package dev.lavalier.hub;

import dev.lavalier.capture.Period;
import java.util.Set;
import java.util.function.Supplier;

/**
 * One subscriber's way through the history to the present. It converts and cuts the kept periods
 * for this subscriber, by the same means as they were for those who listened then: the frames are
 * the same to the byte. The reader has no part in it.
 *
 * <p>It is paced: {@value #SPEED} frames for each one that is captured meanwhile, and at most
 * {@value #PERIODS_AT_A_TIME} periods of work before others of the lane have their turn.
 *
 * <p>Used by the lane alone.
 */
final class Replay {

  static final int SPEED = 5;

  private static final int PERIODS_AT_A_TIME = 10;

  private final History history;
  private final Supplier<Delivery> deliveries;
  private final int frameSize;

  private Delivery delivery;
  private FrameQueue frames; // of the delivery's own framer
  private long next; // the period that comes next
  private long published; // how many frames the present had when last looked at
  private final long mostSaved;
  private long budget = SPEED; // frames that may be sent now
  private int work; // periods that may be used now

  /**
   * Makes one that begins at a period.
   *
   * @param deliveries makes a delivery of the subscriber's conversion
   * @param spec what the subscriber gets
   * @param published how many frames the subscriber's framer has published
   */
  Replay(
      History history,
      History.Entry first,
      Supplier<Delivery> deliveries,
      SubscriptionSpec spec,
      long published) {
    this.history = history;
    this.deliveries = deliveries;
    this.frameSize = spec.frameSize();
    this.mostSaved = (long) SPEED * spec.queueFrames();
    this.published = published;
    restart(first.sequence());
  }

  private void restart(long period) {
    next = period;
    delivery = deliveries.get();
    delivery.serve(Set.of(frameSize));
    // Its bound is what one period can give: it is emptied before the next.
    frames =
        new FrameQueue(delivery.framer(frameSize).ring(), 0, Integer.MAX_VALUE, Long.MAX_VALUE);
  }

  /**
   * Grants what may be sent and done now.
   *
   * @param publishedNow how many frames the subscriber's framer has published
   */
  void refill(long publishedNow) {
    // A pause that the queue would bridge costs no speed; a longer one does, and is not made up for
    // at one blow.
    budget = Math.min(budget, mostSaved) + SPEED * (publishedNow - published);
    published = publishedNow;
    work = PERIODS_AT_A_TIME;
  }

  /** Returns the next frame; null where there is none, or what was granted is used up. */
  Frame poll() {
    if (budget <= 0) {
      return null;
    }
    Frame frame = frames.poll(0);
    while (frame == null && work > 0 && next < history.head()) {
      work--;
      use(history.get(next));
      frame = frames.poll(0);
    }
    return frame;
  }

  private void use(History.Entry entry) {
    if (entry == null) {
      // What is gone must not look as if the device had lost it: another framer begins.
      restart(history.oldest());
      return;
    }
    next++;
    Period period = entry.period();
    delivery
        .framer(frameSize)
        .ring()
        .ensureCapacity(delivery.conversion().maxOutputSamples(period.samples()) / frameSize + 2);
    delivery.accept(period);
  }

  /** A frame was sent. */
  void sent() {
    budget--;
  }

  /** Tells whether there is more to do at once, when others have had their turn. */
  boolean isTired() {
    return work == 0 && budget > 0;
  }

  /** Tells whether what comes next is gone. */
  boolean isOvertaken() {
    return next < history.oldest();
  }

  /** Tells whether no frame waits. */
  boolean isEmpty() {
    return frames.isEmpty() && next == history.head();
  }
}
