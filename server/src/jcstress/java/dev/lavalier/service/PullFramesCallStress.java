package dev.lavalier.service;

import dev.lavalier.common.StreamException;
import dev.lavalier.hub.ManualDeliveryLoop;
import dev.lavalier.hub.StressDevice;
import dev.lavalier.hub.Subscription;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Races between a client that grants credit and the delivery loop that uses it. */
public final class PullFramesCallStress {

  private static final PullFramesRequest SUBSCRIBE =
      PullFramesRequest.newBuilder()
          .setSubscribe(StreamFramesRequest.getDefaultInstance())
          .setCredit(1)
          .build();
  private static final PullFramesRequest TWO_MORE =
      PullFramesRequest.newBuilder().setCredit(2).build();

  private PullFramesCallStress() {}

  /** A call that has subscribed, with credit for one frame. */
  abstract static class Fixture {

    final StressDevice device = new StressDevice();
    final ManualDeliveryLoop deliveryLoop = new ManualDeliveryLoop();
    final CountingSink sink = new CountingSink();
    final PullFramesCall call =
        new PullFramesCall(
            sink,
            deliveryLoop.deliveryLoop(),
            (request, frames) -> {
              Subscription subscription = device.subscription(deliveryLoop, frames);
              device.activate(subscription);
              return subscription;
            });

    Fixture() {
      call.onMessage(SUBSCRIBE);
      deliveryLoop.run();
    }

    int frames() {
      return sink.messages - 1; // the first message is `started`
    }
  }

  /**
   * Claim: credit that is granted while frames are published and sent is neither lost nor doubled.
   * If there are more frames than credit, the number of frames sent equals the total credit, and
   * the last one does not need another frame or grant to be sent.
   */
  @JCStressTest
  @Outcome(
      id = "3, 0",
      expect = Expect.ACCEPTABLE,
      desc = "The number of frames equals the credit.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Credit was lost or used twice.")
  @State
  public static class Granting extends Fixture {

    /** Grants credit. */
    @Actor
    public void consumer() {
      call.onMessage(TWO_MORE);
    }

    /** Publishes frames and runs the delivery loop. */
    @Actor
    public void captureAndLoop() {
      device.read(4);
      deliveryLoop.run();
    }

    /** Runs the remaining tasks. */
    @Arbiter
    public void later(II_Result r) {
      deliveryLoop.run();
      r.r1 = frames();
      r.r2 = sink.completions;
    }
  }

  /**
   * Claim: a call that is half-closed while its last credit is used completes once, after the
   * number of frames that it had credit for.
   */
  @JCStressTest
  @Outcome(id = "3, 1", expect = Expect.ACCEPTABLE, desc = "All frames, and one completion.")
  @Outcome(expect = Expect.FORBIDDEN, desc = "Completed too early, never, or twice.")
  @State
  public static class HalfClosing extends Fixture {

    /** Grants credit and half-closes the call. */
    @Actor
    public void consumer() {
      call.onMessage(TWO_MORE);
      call.onHalfClose();
    }

    /** Publishes frames and runs the delivery loop. */
    @Actor
    public void captureAndLoop() {
      device.read(4);
      deliveryLoop.run();
    }

    /** Runs the remaining tasks. */
    @Arbiter
    public void later(II_Result r) {
      deliveryLoop.run();
      r.r1 = frames();
      r.r2 = sink.completions;
    }
  }

  /**
   * Counts the messages. Used only on the delivery loop, and read when all actors have finished.
   */
  private static final class CountingSink implements CallSink {

    int messages;
    int completions;

    @Override
    public void setReadyThreshold(int bytes, boolean together) {}

    @Override
    public void requestMessage() {}

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void send(byte[] message) {
      messages += completions == 0 ? 1 : 100;
    }

    @Override
    public void complete() {
      completions++;
    }

    @Override
    public void fail(StreamException unexpected) {
      messages += 1_000;
    }
  }
}
