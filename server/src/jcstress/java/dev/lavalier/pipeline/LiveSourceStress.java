package dev.lavalier.pipeline;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** The ring's one writer against a queue's one reader. */
public final class LiveSourceStress {

  private static final int NONE = -1;
  private static final int BROKEN = -2; // the frame is not what its number says

  private LiveSourceStress() {}

  private static void publish(FrameRing ring, int count) {
    for (int i = 0; i < count; i++) {
      long sequence = ring.head();
      byte[] message = {(byte) sequence, (byte) ~sequence};
      ring.publish(new Frame(sequence, sequence * 960, 0, 0, 0, message));
    }
  }

  private static int poll(LiveSource source) {
    Frame frame = source.poll(0);
    if (frame == null) {
      return NONE;
    }
    byte number = (byte) frame.sequence();
    boolean whole =
        frame.sampleIndex() == frame.sequence() * 960
            && frame.message()[0] == number
            && frame.message()[1] == (byte) ~number;
    return whole ? (int) frame.sequence() : BROKEN;
  }

  private static LiveSource queue(FrameRing ring, long from, int capacity) {
    return new LiveSource(ring, from, capacity, Long.MAX_VALUE, 0);
  }

  /**
   * Claim: a queue polled while frames are published gives each of them once, in order and whole;
   * it may answer that none waits, and then gives the next later.
   *
   * <p>Because a frame is in its slot before {@code latest} names it, and is immutable.
   */
  @JCStressTest
  @Outcome(id = "-1, -1, 0", expect = Expect.ACCEPTABLE, desc = "Nothing yet.")
  @Outcome(id = "(0, -1|-1, 0), 1", expect = Expect.ACCEPTABLE, desc = "The first alone.")
  @Outcome(id = "0, 1, -1", expect = Expect.ACCEPTABLE, desc = "Both, and none is left.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Out of order, twice, lost or not whole.")
  @State
  public static class InOrder {

    private final FrameRing ring = new FrameRing();
    private final LiveSource source = queue(ring, 0, 4);

    /** Publishes two frames. */
    @Actor
    public void reader() {
      publish(ring, 2);
    }

    /** Polls twice. */
    @Actor
    public void lane(III_Result r) {
      r.r1 = poll(source);
      r.r2 = poll(source);
    }

    /** Polls once more, when all is done. */
    @Arbiter
    public void later(III_Result r) {
      r.r3 = poll(source);
    }
  }

  /**
   * Claim: a queue that is being overtaken, its next slot written over while it is read, passes
   * over what is gone, never gives a newer frame for an older one, and ends with the newest.
   *
   * <p>The queue's bound leaves one slot of the ring to spare, as small as it ever is: the second
   * frame published takes the slot of the oldest that waited. The result is the first poll, the
   * second, and how many were then left, 17 being the newest.
   */
  @JCStressTest
  @Outcome(
      id = {"1, 2, 15", "1, 3, 14", "2, 3, 14", "3, 4, 13"},
      expect = Expect.ACCEPTABLE,
      desc = "In order, and what is missing is older than the bound.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Out of order, twice, or more lost than the bound.")
  @State
  public static class Lapped {

    private static final int CAPACITY = 15;

    private final FrameRing ring = new FrameRing();
    private final LiveSource source = queue(ring, 0, CAPACITY);

    /** Fills the ring: 0 is past the bound, 1 is the next. */
    public Lapped() {
      publish(ring, CAPACITY + 1);
    }

    /** Overtakes. */
    @Actor
    public void reader() {
      publish(ring, 2);
    }

    /** Polls twice. */
    @Actor
    public void lane(III_Result r) {
      r.r1 = poll(source);
      r.r2 = poll(source);
    }

    /** Takes what is left. */
    @Arbiter
    public void later(III_Result r) {
      int last = r.r2;
      for (int next = poll(source); next != NONE; next = poll(source)) {
        if (next != last + 1) {
          r.r3 = BROKEN;
          return;
        }
        last = next;
        r.r3++;
      }
    }
  }

  /**
   * Claim: a queue that needs a larger ring, and begins while frames are published, loses none: it
   * gives an unbroken run from where it began to the newest, also while the ring grows under it.
   *
   * <p>Because a frame published before the growth was asked for is copied, and the first one after
   * it finds the room. The result is how many frames were lost, and how many came out of order.
   */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "An unbroken run.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "A frame lost, or out of order.")
  @State
  public static class Growing {

    private static final int FRAMES = 24; // more than an ungrown ring holds

    private final FrameRing ring = new FrameRing();
    private LiveSource source;
    private int expected;
    private int disorder;

    /** Publishes. */
    @Actor
    public void reader() {
      publish(ring, FRAMES);
    }

    /** Subscribes, and polls a few. */
    @Actor
    public void lane() {
      ring.ensureCapacity(FRAMES + 1);
      expected = (int) FrameRing.headAfter(ring.latest());
      source = queue(ring, expected, FRAMES);
      for (int i = 0; i < 3; i++) {
        take(poll(source));
      }
    }

    /** Takes the rest. */
    @Arbiter
    public void later(II_Result r) {
      for (int next = poll(source); next != NONE; next = poll(source)) {
        take(next);
      }
      r.r1 = FRAMES - expected;
      r.r2 = disorder;
    }

    private void take(int next) {
      if (next != NONE) {
        disorder += next == expected ? 0 : 1;
        expected = next + 1;
      }
    }
  }
}
