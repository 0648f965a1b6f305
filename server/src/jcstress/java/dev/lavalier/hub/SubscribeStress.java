package dev.lavalier.hub;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Subscribing, and waking lanes, against a reader that publishes. */
public final class SubscribeStress {

  private static final int FRAMES = 3;

  private SubscribeStress() {}

  /**
   * Claim: a second subscription, which begins while frames are published, on a lane that the
   * reader does not wake yet, hears every frame from the one that was next when it began to the
   * last, with no gap: no frame falls between its beginning and the first waking of its lane.
   *
   * <p>Because the epoch names the lane before the subscription looks where the ring stands: a
   * reader that did not see the lane has published before that look.
   *
   * <p>The result is how many frames of those are missing at the end, and what came wrongly.
   */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "An unbroken run up to the last.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "A frame is missing or out of order.")
  @State
  public static class Joining {

    private final StressDevice device = new StressDevice();
    private final ManualDeliveryLoop others = new ManualDeliveryLoop();
    private final ManualDeliveryLoop deliveryLoop = new ManualDeliveryLoop();
    private final RecordingSink sink = new RecordingSink();
    private final Subscription subscription = device.subscription(deliveryLoop, sink);
    private long nextAtMost;
    private long nextAtLeast;

    /** Has a subscription of the same frame size, on another lane, well under way. */
    public Joining() {
      device.activate(device.subscription(others, new RecordingSink()));
      device.read(1);
      others.run();
    }

    /** Publishes. */
    @Actor
    public void reader() {
      device.read(FRAMES);
    }

    /** Begins it, and runs its lane. */
    @Actor
    public void actorAndLane() {
      nextAtLeast = device.nextIndex();
      device.activate(subscription);
      nextAtMost = device.nextIndex();
      deliveryLoop.run();
    }

    /** Runs what the reader has left to the lane. */
    @Arbiter
    public void later(II_Result r) {
      deliveryLoop.run();
      long end = (1 + FRAMES) * StressDevice.FRAME_SIZE;
      boolean silent = sink.frames == 0;
      boolean inTime = silent ? nextAtMost == end : sink.first <= nextAtMost;
      r.r1 =
          (int) ((end - (silent ? end : sink.next)) / StressDevice.FRAME_SIZE) + (inTime ? 0 : 1);
      r.r2 = sink.wrong + (silent || sink.first >= nextAtLeast ? 0 : 1);
    }
  }

  /**
   * Claim: the first subscription of a frame size, whose framer begins while periods are read,
   * hears every frame from the one that was next when it began, the framer's first if there was
   * none, to the last, with no gap.
   *
   * <p>The result is as for {@link Joining}.
   */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "An unbroken run up to the last.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "A frame is missing or out of order.")
  @State
  public static class First {

    private final StressDevice device = new StressDevice();
    private final ManualDeliveryLoop deliveryLoop = new ManualDeliveryLoop();
    private final RecordingSink sink = new RecordingSink();
    private final Subscription subscription = device.subscription(deliveryLoop, sink);
    private long nextAtMost;

    /** Reads. */
    @Actor
    public void reader() {
      device.read(FRAMES);
    }

    /** Begins it, and runs its lane. */
    @Actor
    public void actorAndLane() {
      device.activate(subscription);
      nextAtMost = device.nextIndex();
      deliveryLoop.run();
    }

    /** Runs what the reader has left to the lane. */
    @Arbiter
    public void later(II_Result r) {
      deliveryLoop.run();
      long end = device.nextIndex(); // 0 where the reader was done before the framer was there
      boolean silent = sink.frames == 0;
      boolean inTime =
          silent ? nextAtMost == end : sink.first <= Math.max(nextAtMost, device.firstIndex());
      r.r1 =
          (int) ((end - (silent ? end : sink.next)) / StressDevice.FRAME_SIZE) + (inTime ? 0 : 1);
      r.r2 = sink.wrong;
    }
  }

  /**
   * Claim: however often a lane is woken while it runs, no frame stays behind; and it is woken at
   * most once for each frame, and less often where it has not got to run between two.
   *
   * <p>Because the lane says that it sleeps before it looks, and the reader publishes before it
   * wakes: a waking that is taken for done has its look still to come.
   *
   * <p>The result is the frames heard, the tasks that the lane ran, and what came wrongly.
   */
  @JCStressTest
  @Outcome(id = "3, [123], 0", expect = Expect.ACCEPTABLE, desc = "All, in one to three wakings.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "A waking was lost, or a task too many.")
  @State
  public static class Waking {

    private final StressDevice device = new StressDevice();
    private final ManualDeliveryLoop deliveryLoop = new ManualDeliveryLoop();
    private final RecordingSink sink = new RecordingSink();

    /** Has the subscription begun. */
    public Waking() {
      device.activate(device.subscription(deliveryLoop, sink));
      deliveryLoop.run();
    }

    /** Publishes and wakes. */
    @Actor
    public void reader() {
      device.read(FRAMES);
    }

    /** Runs what is there. */
    @Actor
    public void lane(III_Result r) {
      r.r2 = deliveryLoop.run();
    }

    /** Runs the rest. */
    @Arbiter
    public void later(III_Result r) {
      r.r2 += deliveryLoop.run();
      r.r1 = sink.frames;
      r.r3 = sink.wrong;
    }
  }
}
