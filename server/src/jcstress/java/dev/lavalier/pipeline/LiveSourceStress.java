package dev.lavalier.pipeline;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Races between the writer of a ring and the reader of a live source. */
public final class LiveSourceStress {

  private static final int NONE = -1;
  private static final int BROKEN = -2; // the content of the frame does not match its number

  private LiveSourceStress() {}

  private static void publish(FrameRing ring, int count) {
    for (int i = 0; i < count; i++) {
      long sequence = ring.head();
      byte[] message = {(byte) sequence, (byte) ~sequence};
      ring.publish(new Frame(sequence, sequence * 960, LossTotals.NONE, 0, 0, 0, 0, 0, message));
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

  private static LiveSource sourceFrom(FrameRing ring, long from, int capacity) {
    return new LiveSource(ring, from, capacity, Long.MAX_VALUE, LossTotals.NONE);
  }

  /**
   * Claim: a live source that is polled while frames are published returns each frame once, in
   * order and complete. It may return that no frame waits, and return the next frame later.
   *
   * <p>The reason: a frame is in its slot before {@code latest} names it, and is immutable.
   */
  @JCStressTest
  @Outcome(id = "-1, -1, 0", expect = Expect.ACCEPTABLE, desc = "No frame yet.")
  @Outcome(id = "(0, -1|-1, 0), 1", expect = Expect.ACCEPTABLE, desc = "Only the first frame.")
  @Outcome(id = "0, 1, -1", expect = Expect.ACCEPTABLE, desc = "Both frames, and none is left.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Out of order, twice, lost or incomplete.")
  @State
  public static class InOrder {

    private final FrameRing ring = new FrameRing(16);
    private final LiveSource source = sourceFrom(ring, 0, 4);

    /** Publishes two frames. */
    @Actor
    public void capture() {
      publish(ring, 2);
    }

    /** Polls twice. */
    @Actor
    public void loop(III_Result r) {
      r.r1 = poll(source);
      r.r2 = poll(source);
    }

    /** Polls once more at the end. */
    @Arbiter
    public void later(III_Result r) {
      r.r3 = poll(source);
    }
  }

  /**
   * Claim: if the next slot of a live source is overwritten while it is read, the source skips the
   * lost frames, never returns a newer frame in place of an older one, and ends with the newest
   * frame.
   *
   * <p>The subscriber was not ready for the frames in the ring, so the capacity of the source
   * applies to them. It leaves one spare slot in the ring, which has its minimum size: the second
   * published frame takes the slot of the oldest waiting frame. The result is the first poll, the
   * second poll, and the number of frames that then remain; frame 17 is the newest.
   */
  @JCStressTest
  @Outcome(
      id = {"1, 2, 15", "2, 3, 14"},
      expect = Expect.ACCEPTABLE,
      desc = "In order, and missing frames were overwritten.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Out of order, twice, or too many lost.")
  @State
  public static class Lapped {

    private static final int CAPACITY = 15;

    private final FrameRing ring = new FrameRing(16);
    private final LiveSource source = sourceFrom(ring, 0, CAPACITY);

    /** Fills the ring: frame 0 exceeds the capacity, frame 1 is the next. */
    public Lapped() {
      publish(ring, CAPACITY + 1);
      source.startTurn(false);
    }

    /** Publishes two frames that overwrite waiting ones. */
    @Actor
    public void capture() {
      publish(ring, 2);
    }

    /** Polls twice. */
    @Actor
    public void loop(III_Result r) {
      r.r1 = poll(source);
      r.r2 = poll(source);
    }

    /** Polls the remaining frames. */
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
   * Claim: a live source that needs a larger ring and starts while frames are published loses no
   * frame. It returns consecutive frames from its start to the newest one, even while the ring is
   * replaced with a larger one.
   *
   * <p>The reason: frames that were published before the request are copied, and the first frame
   * after it gets the larger ring. The result is the number of frames that were lost, and the
   * number that were out of order.
   */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "Consecutive frames.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "A frame lost, or out of order.")
  @State
  public static class Growing {

    private static final int FRAMES = 24; // more than a ring of the minimum size holds

    private final FrameRing ring = new FrameRing(16);
    private LiveSource source;
    private int expected;
    private int disorder;

    /** Publishes frames. */
    @Actor
    public void capture() {
      publish(ring, FRAMES);
    }

    /** Creates a live source and polls it three times. */
    @Actor
    public void loop() {
      ring.setCapacity(FRAMES + 1);
      expected = (int) FrameRing.headAfter(ring.latest());
      source = sourceFrom(ring, expected, FRAMES);
      for (int i = 0; i < 3; i++) {
        take(poll(source));
      }
    }

    /** Polls the remaining frames. */
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
