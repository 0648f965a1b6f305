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

/** Races between cancelling, closing, publishing and starting. */
public final class CancelStress {

  private CancelStress() {}

  /** A device with one subscription and its delivery loop. */
  abstract static class Fixture {

    final StressDevice device = new StressDevice();
    final ManualDeliveryLoop deliveryLoop = new ManualDeliveryLoop();
    final RecordingSink sink = new RecordingSink();
    final Subscription subscription = device.subscription(deliveryLoop, sink);
  }

  /**
   * Claim: if a subscription is cancelled twice at once, exactly one call returns true, and the end
   * is counted once.
   */
  @JCStressTest
  @Outcome(
      id = {"true, false, 1", "false, true, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "One call ended it.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Both, neither, or counted twice.")
  @State
  public static class Twice extends Fixture {

    /** Cancels the subscription. */
    @Actor
    public void one(ZZI_Result r) {
      r.r1 = subscription.cancel("stress");
    }

    /** Cancels the subscription too. */
    @Actor
    public void other(ZZI_Result r) {
      r.r2 = subscription.cancel("stress");
    }

    /** Counts the results. */
    @Arbiter
    public void later(ZZI_Result r) {
      r.r3 = device.closed();
    }
  }

  /**
   * Claim: if a subscription is cancelled while the server closes it, either the cancellation wins
   * and the sink gets no end, or the server wins and the sink gets the end once. The end is counted
   * once.
   *
   * <p>The result is what {@code cancel} returned, the number of ends at the sink, and the number
   * of counted ends.
   */
  @JCStressTest
  @Outcome(id = "true, 0, 1", expect = Expect.ACCEPTABLE, desc = "It was cancelled.")
  @Outcome(id = "false, 1, 1", expect = Expect.ACCEPTABLE, desc = "It was closed.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Both, neither, or counted twice.")
  @State
  public static class AgainstClose extends Fixture {

    /** Starts the subscription. */
    public AgainstClose() {
      device.activate(subscription);
      deliveryLoop.run();
    }

    /** Cancels the subscription. */
    @Actor
    public void subscriber(ZII_Result r) {
      r.r1 = subscription.cancel("stress");
    }

    /** Closes the subscription. */
    @Actor
    public void actor() {
      device.close(subscription);
    }

    /** Counts the results. */
    @Arbiter
    public void later(ZII_Result r) {
      deliveryLoop.run();
      r.r2 = sink.ended;
      r.r3 = device.closed();
    }
  }

  /**
   * Claim: when {@code cancel} has returned, only the task that is running on the delivery loop can
   * still call the sink. No later task calls the sink, regardless of published frames.
   *
   * <p>The result is the number of frames at the sink (some of the four that were published before
   * and during the cancellation), calls by later tasks, and wrong calls.
   */
  @JCStressTest
  @Outcome(
      id = "[0-4], 0, 0",
      expect = Expect.ACCEPTABLE,
      desc = "No calls after the cancellation.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "A call after the cancellation.")
  @State
  public static class AgainstPublish extends Fixture {

    private volatile boolean cancelled;
    private int late; // used only on the delivery loop

    /** Starts the subscription, and publishes two frames that wait. */
    public AgainstPublish() {
      device.activate(subscription);
      deliveryLoop.run();
      device.read(2);
    }

    /** Cancels the subscription; the capture continues for other subscriptions. */
    @Actor
    public void subscriberAndCapture() {
      subscription.cancel("stress");
      cancelled = true;
      device.read(2);
    }

    /** Runs the delivery loop. */
    @Actor
    public void loop() {
      runWatched();
    }

    /** Publishes and runs the delivery loop once more. */
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
        boolean cancelledBefore = cancelled;
        int receivedBefore = sink.received();
        ran = deliveryLoop.runOne();
        late += cancelledBefore ? sink.received() - receivedBefore : 0;
      } while (ran);
    }
  }

  /**
   * Claim: if the server closes a subscription while frames are published, the sink gets
   * consecutive frames, then the end once, and then nothing.
   *
   * <p>The result is the number of frames, of ends, and of wrong calls.
   */
  @JCStressTest
  @Outcome(id = "[1-4], 1, 0", expect = Expect.ACCEPTABLE, desc = "Frames, and then the end.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "A frame after the end, a gap, or no end.")
  @State
  public static class CloseAgainstPublish extends Fixture {

    /** Starts the subscription, and publishes one frame that waits. */
    public CloseAgainstPublish() {
      device.activate(subscription);
      deliveryLoop.run();
      device.read(1);
    }

    /** Publishes frames. */
    @Actor
    public void capture() {
      device.read(3);
    }

    /** Closes the subscription and runs the delivery loop. */
    @Actor
    public void actorAndLoop() {
      device.close(subscription);
      deliveryLoop.run();
    }

    /** Publishes and runs the delivery loop once more. */
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
   * Claim: if a subscription is cancelled while it starts, the sink gets the start or not, and then
   * nothing: a cancelled subscription does not become active.
   *
   * <p>The result is the number of starts, of frames after the cancellation, and of wrong calls.
   */
  @JCStressTest
  @Outcome(id = "[01], 0, 0", expect = Expect.ACCEPTABLE, desc = "Started or not, and cancelled.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "It became active.")
  @State
  public static class AgainstStart extends Fixture {

    /** Cancels the subscription. */
    @Actor
    public void subscriber() {
      subscription.cancel("stress");
    }

    /** Starts the subscription and runs the delivery loop. */
    @Actor
    public void actorAndLoop() {
      device.activate(subscription);
      deliveryLoop.run();
    }

    /** Publishes and runs the delivery loop once more. */
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
