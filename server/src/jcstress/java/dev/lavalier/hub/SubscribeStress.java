package dev.lavalier.hub;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Races between publishing, starting a subscription and waking a delivery loop. */
public final class SubscribeStress {

  private static final int FRAMES = 3;

  private SubscribeStress() {}

  /**
   * Claim: a second subscription starts while frames are published, on a delivery loop that the
   * capture thread does not wake yet. It gets every frame from the one that was next at its start
   * up to the last one, without a gap: no frame is lost between its start and the first wakeup of
   * its delivery loop.
   *
   * <p>The reason: the delivery loop is added to the pipeline before the subscription reads the
   * head of the ring. If the capture thread did not see the delivery loop, it has published before
   * that read.
   *
   * <p>The result is the number of these frames that are missing at the end, and the number of
   * wrong calls.
   */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "Consecutive frames up to the last one.")
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

    /** Starts a subscription of the same frame size on another delivery loop. */
    public Joining() {
      device.activate(device.subscription(others, new RecordingSink()));
      device.read(1);
      others.run();
    }

    /** Publishes frames. */
    @Actor
    public void capture() {
      device.read(FRAMES);
    }

    /** Starts the subscription and runs its delivery loop. */
    @Actor
    public void actorAndLoop() {
      nextAtLeast = device.nextIndex();
      device.activate(subscription);
      nextAtMost = device.nextIndex();
      deliveryLoop.run();
    }

    /** Runs the remaining tasks of the delivery loop. */
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
   * Claim: the first subscription of a frame size starts while periods are added. It gets every
   * frame from the one that was next at its start, or the framer's first one if there was none, up
   * to the last one, without a gap.
   *
   * <p>The result is the same as for {@link Joining}.
   */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "Consecutive frames up to the last one.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "A frame is missing or out of order.")
  @State
  public static class First {

    private final StressDevice device = new StressDevice();
    private final ManualDeliveryLoop deliveryLoop = new ManualDeliveryLoop();
    private final RecordingSink sink = new RecordingSink();
    private final Subscription subscription = device.subscription(deliveryLoop, sink);
    private long nextAtMost;

    /** Adds periods. */
    @Actor
    public void capture() {
      device.read(FRAMES);
    }

    /** Starts the subscription and runs its delivery loop. */
    @Actor
    public void actorAndLoop() {
      device.activate(subscription);
      nextAtMost = device.nextIndex();
      deliveryLoop.run();
    }

    /** Runs the remaining tasks of the delivery loop. */
    @Arbiter
    public void later(II_Result r) {
      deliveryLoop.run();
      long end = device.nextIndex(); // 0 if all periods were added before the framer existed
      boolean silent = sink.frames == 0;
      boolean inTime =
          silent ? nextAtMost == end : sink.first <= Math.max(nextAtMost, device.firstIndex());
      r.r1 =
          (int) ((end - (silent ? end : sink.next)) / StressDevice.FRAME_SIZE) + (inTime ? 0 : 1);
      r.r2 = sink.wrong;
    }
  }

  /**
   * Claim: if a delivery loop is woken while it runs, no frame remains unsent. It is woken at most
   * once per frame, and less often if it does not run between two frames.
   *
   * <p>The reason: the delivery loop resets the wakeup flag before it polls, and the capture thread
   * publishes before it wakes the loop. If a wakeup is skipped because one is pending, the pending
   * one has not polled yet.
   *
   * <p>The result is the number of frames, of tasks that the delivery loop ran, and of wrong calls.
   */
  @JCStressTest
  @Outcome(
      id = "3, [123], 0",
      expect = Expect.ACCEPTABLE,
      desc = "All frames, in one to three wakeups.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "A wakeup was lost, or there was an extra task.")
  @State
  public static class Waking {

    private final StressDevice device = new StressDevice();
    private final ManualDeliveryLoop deliveryLoop = new ManualDeliveryLoop();
    private final RecordingSink sink = new RecordingSink();

    /** Starts the subscription. */
    public Waking() {
      device.activate(device.subscription(deliveryLoop, sink));
      deliveryLoop.run();
    }

    /** Publishes frames and wakes the delivery loop. */
    @Actor
    public void capture() {
      device.read(FRAMES);
    }

    /** Runs the delivery loop. */
    @Actor
    public void loop(III_Result r) {
      r.r2 = deliveryLoop.run();
    }

    /** Runs the remaining tasks. */
    @Arbiter
    public void later(III_Result r) {
      r.r2 += deliveryLoop.run();
      r.r1 = sink.frames;
      r.r3 = sink.wrong;
    }
  }
}
