package dev.lavalier.hub;

import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.StreamException.Reason;
import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Whoever subscribes to one device: those who wait for an epoch, those who are served in one, and
 * those who wait for the lost device's return. Used by the device's actor alone.
 */
final class Audience {

  private static final Duration TELL_CLOCK_EVERY = Duration.ofSeconds(60);

  /** So that no number of subscribers, each with a wish of its own, takes the reader's time. */
  private static final int MAX_CONVERSIONS = 32;

  private final String deviceId;
  private final TimeSource ticker;

  private final Set<Subscription> waiting = new LinkedHashSet<>(); // new, for an epoch
  private final Set<Subscription> bereft = new LinkedHashSet<>(); // for the lost device's return
  private final Map<Subscription, Conversion> served = new LinkedHashMap<>();

  Audience(String deviceId, TimeSource ticker) {
    this.deviceId = deviceId;
    this.ticker = ticker;
  }

  int size() {
    return waiting.size() + bereft.size() + served.size();
  }

  /** Returns whether somebody new waits for an epoch. */
  boolean hasNewcomers() {
    return !waiting.isEmpty();
  }

  /** Returns whether somebody waits for the lost device. */
  boolean isBereft() {
    return !bereft.isEmpty();
  }

  boolean isServed() {
    return !served.isEmpty();
  }

  /** Adds somebody who waits for an epoch. */
  void add(Subscription subscription) {
    waiting.add(subscription);
  }

  /**
   * Forgets somebody who left.
   *
   * @return whether it was served
   */
  boolean remove(Subscription subscription) {
    waiting.remove(subscription);
    bereft.remove(subscription);
    return served.remove(subscription) != null;
  }

  /** Forgets and returns those who are new. */
  List<Subscription> takeNewcomers() {
    List<Subscription> newcomers = List.copyOf(waiting);
    waiting.clear();
    return newcomers;
  }

  /** Forgets and returns all who wait, those who were there before first. */
  List<Subscription> takeAllWaiting() {
    List<Subscription> all = new ArrayList<>(bereft);
    all.addAll(waiting);
    bereft.clear();
    waiting.clear();
    return all;
  }

  /** Forgets and returns everybody. */
  List<Subscription> takeAll() {
    List<Subscription> all = takeAllWaiting();
    all.addAll(served.keySet());
    served.clear();
    return all;
  }

  /**
   * Takes the lost device from those who are served.
   *
   * @return those who want to end with it; the others are bereft
   */
  List<Subscription> bereave() {
    List<Subscription> failing =
        served.keySet().stream().filter(s -> s.spec().onDeviceLoss() == OnDeviceLoss.FAIL).toList();
    served.keySet().removeAll(failing);
    bereft.addAll(served.keySet());
    served.clear();
    return failing;
  }

  /** Brings an epoch into line with who is served. */
  void attend(Epoch epoch) {
    epoch.serve(served);
  }

  /**
   * Begins subscriptions, but for those that cannot have what they ask for.
   *
   * @param publish lets others see how many there are, before any of them hears of it
   */
  void serve(List<Subscription> fresh, Session session, Runnable publish) {
    Epoch epoch = session.epoch;
    fresh.forEach(subscription -> admit(subscription, epoch));
    attend(epoch);
    publish.run();
    for (Subscription subscription : fresh) {
      Conversion conversion = served.get(subscription);
      if (conversion != null) {
        Framer framer = epoch.framer(conversion, subscription.spec().frameSize());
        framer.ring().ensureCapacity(subscription.spec().queueFrames() + 1);
        subscription.begin(epoch, conversion, framer);
        if (session.muted) {
          subscription.tell(muted());
        }
        session.reader.clockPpm().ifPresent(ppm -> tellClock(subscription, ppm));
      }
    }
  }

  /** The capture format may be another than when the request was checked. */
  private void admit(Subscription subscription, Epoch epoch) {
    SubscriptionSpec spec = subscription.spec();
    PcmFormat captured = epoch.format();
    try {
      Conversion conversion = Conversion.plan(captured, spec.format(), spec.channelMap());
      Beginning.check(
          spec, conversion, epoch.number(), epoch.captured(), ticker.unixNanos() / 1_000);
      Set<Conversion> inUse = new HashSet<>(served.values());
      if (!inUse.contains(conversion) && inUse.size() >= MAX_CONVERSIONS) {
        throw new StreamException(
            Reason.LIMIT_REACHED,
            "format: %s (expected: one that %s is delivered in already; %d are the server's limit)"
                .formatted(spec.format(), deviceId, MAX_CONVERSIONS));
      }
      served.put(subscription, conversion);
    } catch (StreamException e) {
      subscription.end(e, Optional.empty());
    }
  }

  /** Tells those who are served that they hear nothing but zeros. */
  void tellMuted() {
    served.keySet().forEach(subscription -> subscription.tell(muted()));
  }

  private Notice muted() {
    return new Notice(
        Notice.Kind.MUTED,
        "%s gives nothing but zeros: it is muted, or this server may not hear it"
            .formatted(deviceId));
  }

  /** Tells those who wait for the lost device why they do. */
  void tellBereft(Notice notice) {
    bereft.forEach(subscription -> subscription.tell(notice));
  }

  /** Tells all who want to know how fast the device's clock runs, now and then. */
  void tellClock(Session session, OptionalDouble ppm) {
    long now = ticker.nanoTime();
    if (ppm.isPresent() && now >= session.clockToldNext) {
      session.clockToldNext = now + TELL_CLOCK_EVERY.toNanos();
      served.keySet().forEach(subscription -> tellClock(subscription, ppm.getAsDouble()));
    }
  }

  private void tellClock(Subscription subscription, double ppm) {
    if (subscription.spec().clockNotices()) {
      String words =
          "the clock of %s runs %+.1f ppm against this server's".formatted(deviceId, ppm);
      subscription.tell(new Notice(Notice.Kind.CLOCK, words, ppm));
    }
  }

  /** Ends subscriptions, with a notice of the same words before it where {@code kind} is given. */
  static void endAll(
      Iterable<Subscription> subscriptions, StreamException reason, Notice.Kind kind) {
    Optional<Notice> notice =
        Optional.ofNullable(kind).map(k -> new Notice(k, reason.getMessage()));
    for (Subscription subscription : subscriptions) {
      subscription.end(reason, notice);
    }
  }
}
