package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.pipeline.PipelineStream;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * One subscription of one device.
 *
 * <p>{@link #wake}, {@link #cancel} and {@link #fail} may be called from any thread, repeatedly,
 * and never block. The sink is called only on the delivery loop.
 */
public final class Subscription {

  private final long id;
  private final Subscriber subscriber;
  private final long sinceUnixNanos;
  private final SubscriptionSpec spec;
  private final DeliveryLoop deliveryLoop;
  private final FrameSink sink;
  private final DeviceActor device;
  private final SubscriptionQuotas.Reservation reservation;
  private final SubscriptionServices services;
  private final FrameDelivery delivery;

  // The delivery loop only.
  private boolean added; // to the delivery loop

  /**
   * The services that all subscriptions of a hub share.
   *
   * @param stallTimeout how long frames may wait without being read before the subscription is
   *     ended
   * @param onClosed called once when a subscription has ended, with the reason in a few words
   */
  record SubscriptionServices(
      TimeSource timeSource,
      Duration stallTimeout,
      HubObserver observer,
      BiConsumer<Subscription, String> onClosed) {}

  Subscription(
      long id,
      Subscriber subscriber,
      SubscriptionSpec spec,
      DeliveryLoop deliveryLoop,
      FrameSink sink,
      DeviceActor device,
      SubscriptionQuotas.Reservation reservation,
      SubscriptionServices services) {
    this.id = id;
    this.subscriber = subscriber;
    this.sinceUnixNanos = services.timeSource().unixNanos();
    this.spec = spec;
    this.deliveryLoop = deliveryLoop;
    this.sink = sink;
    this.device = device;
    this.reservation = reservation;
    this.services = services;
    this.delivery = new FrameDelivery(this, sink, device.streamMetrics(), services);
  }

  Subscriber subscriber() {
    return subscriber;
  }

  /** Returns the current status. May be called from any thread. */
  SubscriptionStatus status() {
    return new SubscriptionStatus(
        id,
        subscriber,
        spec.deviceId(),
        spec.format(),
        spec.frameSize(),
        spec.codec(),
        sinceUnixNanos,
        delivery.frames(),
        delivery.bytes(),
        delivery.samplesLost());
  }

  SubscriptionSpec spec() {
    return spec;
  }

  /** Returns what it is counted with. */
  SubscriptionQuotas.Reservation reservation() {
    return reservation;
  }

  DeliveryLoop deliveryLoop() {
    return deliveryLoop;
  }

  /** Schedules the sending of waiting frames. Call it when the sink has become ready. */
  public void wake() {
    deliveryLoop.submit(delivery);
  }

  /**
   * Ends the subscription for the subscriber: the call was cancelled, its deadline has passed, or
   * its connection was lost. After the task that is running on the delivery loop, the sink is not
   * called any more.
   *
   * @param reason a few words for the audit log
   * @return whether this call ended the subscription
   */
  public boolean cancel(String reason) {
    boolean first = finish(reason);
    if (first) {
      deliveryLoop.execute(() -> deliveryLoop.remove(delivery));
      device.cancel(this);
    }
    return first;
  }

  /**
   * Ends the subscription for a reason that concerns only this subscriber, and reports the reason
   * to the sink.
   */
  public void fail(StreamException reason) {
    if (finish(reason.getMessage())) {
      device.cancel(this);
      deliveryLoop.execute(
          () -> {
            deliveryLoop.remove(delivery);
            sink.onEnd(reason);
          });
    }
  }

  /**
   * Ends the subscription after a failure on the delivery loop, such as an exception of the sink.
   */
  void onFailure(Throwable failure) {
    fail(serverFailed(failure));
  }

  /** Returns the reason for ending a subscription that the server failed to serve. */
  static StreamException serverFailed(Throwable failure) {
    return new StreamException(
        Reason.SERVER_FAILED, "the server failed to serve the stream: " + failure, failure);
  }

  /** Marks the subscription as ended. Returns whether it was still running. */
  private boolean finish(String reason) {
    boolean first = delivery.end();
    if (first) {
      services.onClosed().accept(this, reason);
    }
    return first;
  }

  /**
   * Ends the subscription for a reason of the device or the server. Sends the frames that wait and
   * can be sent at once, the notice and the reason. The device's actor has already removed the
   * subscription.
   */
  void close(StreamException reason, Optional<Notice> notice) {
    if (finish(reason.getMessage())) {
      deliveryLoop.execute(
          () -> {
            deliveryLoop.remove(delivery);
            try {
              delivery.drainLast();
              notice.ifPresent(sink::onNotice);
            } finally {
              sink.onEnd(reason);
            }
          });
    }
  }

  /**
   * Starts an epoch. Called by the actor. Waiting frames of an earlier epoch are dropped and
   * counted in the gap between the two epochs.
   */
  void start(PipelineStream stream) {
    deliveryLoop.execute(
        this,
        () -> {
          if (delivery.isEnded()) {
            return;
          }
          if (!added) {
            added = true;
            deliveryLoop.add(delivery);
          }
          delivery.startEpoch(stream);
        });
  }

  /**
   * Ends an epoch because the device was lost. Called by the actor. Live frames that wait can still
   * be sent until they expire. The history is released, and what was not sent of it is counted in
   * the gap before the next epoch.
   */
  void endEpoch() {
    deliveryLoop.execute(
        () -> {
          if (!delivery.isEnded()) {
            delivery.endEpoch();
          }
        });
  }

  /** Returns whether the subscription has ended. May be called from any thread. */
  boolean isClosed() {
    return delivery.isEnded();
  }

  /** Sends a notice; the subscription continues. Called by the actor. */
  void sendNotice(Notice notice) {
    deliveryLoop.execute(
        this,
        () -> {
          if (!delivery.isEnded()) {
            sink.onNotice(notice);
          }
        });
  }
}
