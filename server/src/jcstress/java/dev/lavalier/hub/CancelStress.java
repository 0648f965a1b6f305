package dev.lavalier.hub;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.ZII_Result;
import org.openjdk.jcstress.infra.results.ZZI_Result;

/** Leaving and ending, against each other, against publishing and against beginning. */
public final class CancelStress {

  private CancelStress() {}

  /** A device with one subscription, and its lane. */
  abstract static class Fixture {

    final StressDevice device = new StressDevice();
    final ManualDeliveryLoop deliveryLoop = new ManualDeliveryLoop();
    final RecordingSink sink = new RecordingSink();
    final Subscription subscription = device.subscription(deliveryLoop, sink);
  }

  /**
   * Claim: of two that leave at once, one alone is told that it was the one, and it is counted
   * once.
   */
  @JCStressTest
  @Outcome(
      id = {"true, false, 1", "false, true, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "One of them.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Both, neither, or counted twice.")
  @State
  public static class Twice extends Fixture {

    /** Leaves. */
    @Actor
    public void one(ZZI_Result r) {
      r.r1 = subscription.cancel("stress");
    }

    /** Leaves too. */
    @Actor
    public void other(ZZI_Result r) {
      r.r2 = subscription.cancel("stress");
    }

    /** Counts. */
    @Arbiter
    public void later(ZZI_Result r) {
      r.r3 = device.closed();
    }
  }

  /**
   * Claim: where a subscriber leaves while the server ends its subscription, either it was the one
   * and hears nothing of an end, or it was not and hears the end, once; it is over once.
   *
   * <p>The result is what leaving returned, the ends heard, and how often it was over.
   */
  @JCStressTest
  @Outcome(id = "true, 0, 1", expect = Expect.ACCEPTABLE, desc = "It left.")
  @Outcome(id = "false, 1, 1", expect = Expect.ACCEPTABLE, desc = "It was ended.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Both, neither, or counted twice.")
  @State
  public static class AgainstClose extends Fixture {

    /** Has the subscription begun. */
    public AgainstClose() {
      device.activate(subscription);
      deliveryLoop.run();
    }

    /** Leaves. */
    @Actor
    public void subscriber(ZII_Result r) {
      r.r1 = subscription.cancel("stress");
    }

    /** Ends it. */
    @Actor
    public void actor() {
      device.close(subscription);
    }

    /** Counts. */
    @Arbiter
    public void later(ZII_Result r) {
      deliveryLoop.run();
      r.r2 = sink.ended;
      r.r3 = device.closed();
    }
  }

  /**
   * Claim: when leaving has returned, only what runs on the lane at that moment can still be heard:
   * no task that begins later tells the sink anything, whatever the reader publishes.
   *
   * <p>The result is the frames heard (a part of the four that were published before and while it
   * left), calls by tasks that began later, and what came wrongly.
   */
  @JCStressTest
  @Outcome(id = "[0-4], 0, 0", expect = Expect.ACCEPTABLE, desc = "Silence after leaving.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Something was heard after leaving.")
  @State
  public static class AgainstPublish extends Fixture {

    private volatile boolean cancelled;
    private int late; // the lane's thread alone

    /** Has the subscription begun, and two frames waiting. */
    public AgainstPublish() {
      device.activate(subscription);
      deliveryLoop.run();
      device.read(2);
    }

    /** Leaves; the reader goes on for the others. */
    @Actor
    public void subscriberAndReader() {
      subscription.cancel("stress");
      cancelled = true;
      device.read(2);
    }

    /** Runs the lane. */
    @Actor
    public void lane() {
      runWatched();
    }

    /** Goes on for a while. */
    @Arbiter
    public void later(III_Result r) {
      device.read(1);
      runWatched();
      r.r1 = sink.frames;
      r.r2 = late;
      r.r3 = sink.wrong;
    }

    private void runWatched() {
      boolean ran;
      do {
        boolean leftBefore = cancelled;
        int heardBefore = sink.received();
        ran = deliveryLoop.runOne();
        late += leftBefore ? sink.received() - heardBefore : 0;
      } while (ran);
    }
  }

  /**
   * Claim: where the server ends a subscription while frames are published, the subscriber hears an
   * unbroken run of them, then the end, once, and then nothing.
   *
   * <p>The result is the frames heard, the ends heard, and what came wrongly.
   */
  @JCStressTest
  @Outcome(id = "[1-4], 1, 0", expect = Expect.ACCEPTABLE, desc = "Frames, and then the end.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "A frame after the end, a gap, or no end.")
  @State
  public static class CloseAgainstPublish extends Fixture {

    /** Has the subscription begun, and one frame waiting. */
    public CloseAgainstPublish() {
      device.activate(subscription);
      deliveryLoop.run();
      device.read(1);
    }

    /** Publishes. */
    @Actor
    public void reader() {
      device.read(3);
    }

    /** Ends it, and runs the lane. */
    @Actor
    public void actorAndLane() {
      device.close(subscription);
      deliveryLoop.run();
    }

    /** Goes on for a while. */
    @Arbiter
    public void later(III_Result r) {
      device.read(1);
      deliveryLoop.run();
      r.r1 = sink.frames;
      r.r2 = sink.ended;
      r.r3 = sink.wrong;
    }
  }

  /**
   * Claim: where a subscriber leaves while its subscription begins, it hears the beginning or does
   * not, and nothing after that: a subscription that has been left does not come to life.
   *
   * <p>The result is the beginnings heard, the frames heard afterwards, and what came wrongly.
   */
  @JCStressTest
  @Outcome(id = "[01], 0, 0", expect = Expect.ACCEPTABLE, desc = "Begun or not, and left.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "It lives on.")
  @State
  public static class AgainstStart extends Fixture {

    /** Leaves. */
    @Actor
    public void subscriber() {
      subscription.cancel("stress");
    }

    /** Begins it, and runs the lane. */
    @Actor
    public void actorAndLane() {
      device.activate(subscription);
      deliveryLoop.run();
    }

    /** Goes on for a while. */
    @Arbiter
    public void later(III_Result r) {
      deliveryLoop.run();
      device.read(1);
      deliveryLoop.run();
      r.r1 = sink.started;
      r.r2 = sink.frames;
      r.r3 = sink.wrong;
    }
  }
}
