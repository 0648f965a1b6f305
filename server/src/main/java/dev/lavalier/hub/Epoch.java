package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.Period;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One uninterrupted opening of a device: what its reader reads, handed to the deliveries, each of
 * which converts it once and cuts it, and the lanes woken.
 *
 * <p>The reader's thread calls the listener's methods; the device's actor calls the others. They
 * share the two arrays, which are replaced and never changed.
 */
final class Epoch implements CaptureListener {

  private static final Logger log = LoggerFactory.getLogger(Epoch.class);

  /** What the actor is told, on the reader's thread. */
  interface Events {
    /** The first period has come. */
    void onFlowing(Epoch epoch);

    /** The device lost samples while it was open. */
    void onOverrun(Epoch epoch, long samples);

    /** It gives nothing but zeros now, or no longer. */
    void onMuted(Epoch epoch, boolean muted);

    /** It gave out. */
    void onLost(Epoch epoch, String seen);
  }

  private final long number;
  private final PcmFormat format;
  private final FrameEncoder encoder;
  private final PolyphaseFilters filters;
  private final Events events;
  private final DeviceMeter meter;
  private final History history; // null: nothing is kept
  private long lastReadNanos; // the reader's thread alone

  private volatile Delivery[] deliveries = {};
  private volatile Lane[] lanes = {};

  // Written by the reader's thread alone.
  private volatile long nextIndex = -1; // -1: no period yet
  private volatile long overrunEnd; // the sample after the last one that the device lost

  /**
   * Makes an epoch without subscribers.
   *
   * @param number its number
   * @param format the format in which the device is captured
   * @param meter counts its periods
   * @param history keeps the periods; null: nothing is kept
   */
  Epoch(
      long number,
      PcmFormat format,
      FrameEncoder encoder,
      PolyphaseFilters filters,
      Events events,
      DeviceMeter meter,
      History history) {
    this.number = number;
    this.format = format;
    this.encoder = encoder;
    this.filters = filters;
    this.events = events;
    this.meter = meter;
    this.history = history;
  }

  long number() {
    return number;
  }

  PcmFormat format() {
    return format;
  }

  @Override
  public void onPeriod(Period period) {
    long expected = nextIndex;
    if (expected < 0) {
      events.onFlowing(this);
    } else if (period.sampleIndex() > expected) {
      overrunEnd = period.sampleIndex();
      events.onOverrun(this, period.sampleIndex() - expected);
    }
    nextIndex = period.endIndex();
    long length = format.nanosOf(period.samples());
    long sinceLast = period.readNanos() - lastReadNanos;
    meter.onPeriod(period.samples(), expected < 0 ? 0 : Math.abs(sinceLast - length));
    lastReadNanos = period.readNanos();
    // First: who replays must find there whatever a framer has published.
    if (history != null) {
      history.add(period);
    }
    boolean published = false;
    for (Delivery delivery : deliveries) {
      published |= delivery.accept(period);
    }
    if (published) {
      for (Lane lane : lanes) {
        lane.wake();
      }
    }
  }

  @Override
  public void onSilence(boolean muted) {
    events.onMuted(this, muted);
  }

  @Override
  public void onLost(String message) {
    events.onLost(this, message);
  }

  /**
   * Brings deliveries, framers and lanes into line with who is subscribed now.
   *
   * @param subscriptions each with the conversion that it gets
   */
  void serve(Map<Subscription, Conversion> subscriptions) {
    Map<Conversion, Set<Integer>> needed = new LinkedHashMap<>();
    Set<Lane> woken = new LinkedHashSet<>();
    subscriptions.forEach(
        (subscription, conversion) -> {
          woken.add(subscription.lane());
          needed
              .computeIfAbsent(conversion, c -> new LinkedHashSet<>())
              .add(subscription.spec().frameSize());
        });
    List<Delivery> next = new ArrayList<>();
    List<Delivery> before = List.of(deliveries);
    needed.forEach(
        (conversion, frameSizes) -> {
          Delivery delivery = delivery(conversion);
          if (delivery == null) {
            delivery = new Delivery(conversion, encoder, filters);
          }
          delivery.serve(frameSizes);
          next.add(delivery);
        });
    // The lanes first, so that no new framer's frame goes by without its lane being woken.
    lanes = woken.toArray(Lane[]::new);
    deliveries = next.toArray(Delivery[]::new);
    before.stream().filter(delivery -> !next.contains(delivery)).forEach(Epoch::report);
  }

  /** Says what is to be said when the reader has ended. */
  void end() {
    List.of(deliveries).forEach(Epoch::report);
  }

  private static void report(Delivery delivery) {
    if (delivery.clamped() > 0) {
      log.info(
          "{} delivered as {}: {} numbers were clamped at full scale",
          delivery.conversion().captured(),
          delivery.conversion().delivered(),
          delivery.clamped());
    }
  }

  /** Returns the framer at work for a conversion and a frame size that somebody is served with. */
  Framer framer(Conversion conversion, int frameSize) {
    return delivery(conversion).framer(frameSize);
  }

  /** Returns how many samples have been captured, those that the device lost counted. */
  long captured() {
    return Math.max(0, nextIndex);
  }

  /** Returns where the device lost samples last: the index of the first after them; 0: nowhere. */
  long overrunEnd() {
    return overrunEnd;
  }

  /** Returns where a subscription begins that is served from now on. */
  Beginning beginning(SubscriptionSpec spec, Conversion conversion) {
    return Beginning.of(spec, conversion, number, history);
  }

  /**
   * Returns what takes a subscription from there to the present; null where nothing need.
   *
   * @param published how many frames its framer has published
   */
  Replay replay(Beginning beginning, Conversion conversion, SubscriptionSpec spec, long published) {
    return beginning.first() == null
        ? null
        : new Replay(
            history,
            beginning.first(),
            () -> new Delivery(conversion, encoder, filters),
            spec,
            published);
  }

  private Delivery delivery(Conversion conversion) {
    for (Delivery delivery : deliveries) {
      if (delivery.conversion().equals(conversion)) {
        return delivery;
      }
    }
    return null;
  }
}
