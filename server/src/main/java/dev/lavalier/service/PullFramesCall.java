package dev.lavalier.service;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.hub.Subscription;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One PullFrames call: a StreamFrames call whose sink is ready only while the client has credit
 * left.
 *
 * <p>The messages of the client are requested one at a time: the next one when the delivery loop
 * has handled the credit of the last one. While the client has unused credit, only a few are
 * requested for each frame that is sent. So a client that floods the call with messages does not
 * take the processor time of others.
 *
 * <p>The transport calls the methods of {@link RequestListener}, one message at a time. The
 * subscription calls the methods of {@link FrameSink}, on its delivery loop.
 */
final class PullFramesCall implements RequestListener<PullFramesRequest>, FrameSink {

  /** Creates the subscription of a call. */
  interface Subscribe {
    Subscription subscribe(StreamFramesRequest request, FrameSink sink) throws StreamException;
  }

  /** The number of messages that are requested between two frames while there is credit. */
  private static final int MAX_MESSAGES_PER_FRAME = 4;

  private final CallSink sink;
  private final StreamFramesCall frames;
  private final DeliveryLoop deliveryLoop;
  private final Subscribe subscribe;
  private final AtomicLong credit = new AtomicLong(); // requests add, frames subtract

  // Written by the transport's side.
  private boolean rejected; // the call failed before it subscribed
  private volatile boolean halfClosed; // set only after the call has subscribed
  private volatile @Nullable Subscription subscription; // null: not subscribed yet

  // Delivery loop only.
  private int messagesSinceFrame; // requested since the last frame
  private boolean requestPostponed; // until the next frame

  PullFramesCall(CallSink sink, DeliveryLoop deliveryLoop, Subscribe subscribe) {
    this.sink = sink;
    this.frames = new StreamFramesCall(sink);
    this.deliveryLoop = deliveryLoop;
    this.subscribe = subscribe;
  }

  // Called by the transport.

  @Override
  public void onMessage(PullFramesRequest request) {
    if (rejected) {
      return;
    }
    try {
      if (request.hasSubscribe() != (subscription == null)) {
        throw new StreamException(
            Reason.INVALID_REQUEST,
            "subscribe: %s (expected: set in the first message, and in no later one)"
                .formatted(request.hasSubscribe() ? "set again" : "unset"));
      }
      grant(request.getCredit());
      if (subscription == null) {
        subscription = subscribe.subscribe(request.getSubscribe(), this);
      } else {
        subscription.wake();
      }
      deliveryLoop.execute(this::requestMessage); // after the wake-up
    } catch (StreamException e) {
      fail(e);
    }
  }

  private void grant(int more) throws StreamException {
    if (more < 0) {
      throw new StreamException(
          Reason.INVALID_REQUEST, "credit: %d (expected: 0 or more)".formatted(more));
    }
    if (more == 0 && subscription != null) {
      throw new StreamException(
          Reason.INVALID_REQUEST, "credit: 0 (expected: 1 or more in a message after the first)");
    }
    long total = credit.get() + more; // the delivery loop can only reduce it meanwhile
    if (total > Integer.MAX_VALUE) {
      throw new StreamException(
          Reason.INVALID_REQUEST,
          "credit: %d (expected: no more than %d in all at a time)"
              .formatted(total, Integer.MAX_VALUE));
    }
    credit.addAndGet(more);
  }

  private void fail(StreamException reason) {
    Subscription subscribed = subscription;
    if (subscribed == null) {
      rejected = true;
      sink.fail(reason);
    } else {
      subscribed.fail(reason);
    }
  }

  @Override
  public void onHalfClose() {
    if (subscription != null) {
      halfClosed = true;
      deliveryLoop.execute(this::completeIfCreditExhausted);
    } else if (!rejected) {
      fail(
          new StreamException(
              Reason.INVALID_REQUEST, "subscribe: unset (expected: set in the first message)"));
    }
  }

  @Override
  public void onCancel(String reason) {
    Subscription subscribed = subscription;
    if (subscribed != null) {
      subscribed.cancel(reason);
    }
  }

  @Override
  public void onReady() {
    Subscription subscribed = subscription;
    if (subscribed != null) {
      subscribed.wake();
    }
  }

  // Called by the subscription.

  @Override
  public boolean isReady() {
    return credit.get() > 0 && frames.isReady();
  }

  @Override
  public void onStarted(StreamStart started) {
    frames.onStarted(started);
  }

  /** Requests the next message, now or after the next frame. Called on the delivery loop. */
  private void requestMessage() {
    requestPostponed = messagesSinceFrame >= MAX_MESSAGES_PER_FRAME && credit.get() > 0;
    if (!requestPostponed) {
      messagesSinceFrame++;
      sink.requestMessage();
    }
  }

  @Override
  public void onFrame(Frame frame, Optional<Gap> gap) {
    credit.decrementAndGet(); // first: a client with the frame can grant its credit again
    frames.onFrame(frame, gap);
    messagesSinceFrame = 0;
    if (requestPostponed) {
      requestPostponed = false;
      deliveryLoop.execute(this::requestMessage); // it can end the call, so not in this turn
    }
    completeIfCreditExhausted();
  }

  @Override
  public boolean isFlushed() {
    return frames.isFlushed();
  }

  private void completeIfCreditExhausted() {
    if (halfClosed && credit.get() == 0 && subscription.cancel("its credit is used up")) {
      sink.complete();
    }
  }

  @Override
  public void onNotice(Notice notice) {
    frames.onNotice(notice);
  }

  @Override
  public void onEnd(StreamException reason) {
    frames.onEnd(reason);
  }
}
