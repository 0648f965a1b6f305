package dev.lavalier.simulation;

import com.google.errorprone.annotations.FormatMethod;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.LossCause;
import dev.lavalier.common.StreamException;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The invariants of the stream of one subscriber: each frame has the samples of its numbers, with
 * the time of the node, in time, and frames and gaps together are what was captured.
 */
final class FleetStreamChecks {

  /** What a frame waits for in any case: its end, the way, and the conversion of its rate. */
  private static final long USUAL_NANOS = 100_000_000L;

  /** The delay of the network that an edge can mistake for the usual time on the way. */
  private static final long MAX_DELAY_NANOS = 1_000_000_000L;

  /** Between two epochs, the time without frames is known to this precision. */
  private static final long OUTAGE_NANOS = 2 * MAX_DELAY_NANOS;

  /** An edge knows how long the way takes at best after this time. */
  private static final long SETTLING_NANOS = 12_000_000_000L;

  /** A gap can be reported this long after the fault that caused it. */
  private static final long MAX_REPORT_NANOS = 2_000_000_000L;

  /** The same for a stream that resumes: the history has old losses. */
  private static final long MAX_KEPT_NANOS = 15_000_000_000L;

  /** Frames can still be sent for this long after the notice of a lost device. */
  private static final long LATE_FRAME_NANOS = 500_000_000L;

  /** An edge opens a device, and gets its history, in this time. */
  private static final long OPENING_NANOS = 1_000_000_000L;

  /** A conversion of the rate changes a value by at most this share. */
  private static final double MAX_ERROR = 1e-5;

  private final FleetSubscriber subscriber;
  private final FleetServers servers;
  private final FleetWorld world;
  private final SubscriptionSpec spec;
  private final PcmFormat format;
  private final double ratio; // captured samples for each delivered one
  private final boolean replayed;
  private @Nullable FleetCapture captured; // of the epoch
  long epoch;
  long nextIndex = -1; // -1: no frame of this epoch yet
  long lastFrameAt; // or when it subscribed
  private boolean sentAny;
  private long lastEndAt; // the time at which the last received sample was captured
  private long deviceLostAt = -LATE_FRAME_NANOS; // of the last notice

  FleetStreamChecks(FleetSubscriber subscriber, FleetServers servers, FleetWorld world) {
    this.subscriber = subscriber;
    this.servers = servers;
    this.world = world;
    this.spec = subscriber.spec;
    this.format = spec.format();
    this.ratio = (double) spec.conversion().captured().sampleRateHz() / format.sampleRateHz();
    this.replayed = spec.start() != StartFrom.LIVE;
    this.lastFrameAt = world.scheduler().now();
  }

  @FormatMethod
  private void check(boolean condition, String otherwise, Object... values) {
    if (!condition) {
      world.check(false, () -> subscriber + ": " + otherwise.formatted(values));
    }
  }

  void onStarted(StreamStart started) {
    check(started.epoch() > epoch, "epoch %d after %d", started.epoch(), epoch);
    epoch = started.epoch();
    nextIndex = -1;
    captured = world.captures().get(spec.deviceId(), epoch);
    check(captured != null, "no node has opened epoch %d", epoch);
    String key = spec.deviceId() + " on loop " + subscriber.loopNumber;
    long newest = subscriber.edge.newestEpochs().merge(key, epoch, Math::max);
    check(newest == epoch, "epoch %d, but others have %d", epoch, newest);
  }

  void onFrame(Frame frame, Optional<Gap> gap) {
    if (captured == null) {
      check(false, "a frame before the start");
      return;
    }
    long index = frame.sampleIndex();
    long last = index + spec.frameSize() - 1;
    byte[] pcm = frame.message();
    checkValues(captured, pcm, 0, index);
    checkValues(captured, pcm, spec.frameSize() - 1, last);
    check(
        frame.captureUnixNanos() == captured.unixNanos(format, index),
        "frame %d has another time: %d, not %d",
        index,
        frame.captureUnixNanos(),
        captured.unixNanos(format, index));
    checkAge(index, world.scheduler().now() - captured.capturedAt(format, last));
    checkAccess();
    world.counts().frames++;
    if (gap.isEmpty() && isKept(captured)) {
      world.counts().add("complete resumes");
    }
    if (gap.isPresent()) {
      checkCauses(gap.get(), captured, index);
    }
    checkCount(index, gap.map(Gap::sampleCount).orElse(0L));
    if (nextIndex < 0 && sentAny) {
      checkOutage(captured, index, gap.map(Gap::sampleCount).orElse(0L));
    }
    nextIndex = last + 1;
    lastFrameAt = world.scheduler().now();
    lastEndAt = captured.capturedAt(format, nextIndex);
    sentAny = true;
  }

  private void checkValues(FleetCapture of, byte[] pcm, int position, long index) {
    List<Integer> sources = spec.conversion().channels().sources();
    double number = index * ratio;
    boolean resampled = spec.conversion().isResampled();
    if (resampled && number < 2L * spec.conversion().lookahead()) {
      return; // the silence before the start is in the filter
    }
    for (int k = 0; k < sources.size(); k++) {
      int value = (int) FleetCapture.INT.get(pcm, 4 * (position * sources.size() + k));
      double expected = of.value(sources.get(k) - 1, number);
      double tolerance = resampled ? 2 + expected * MAX_ERROR : 0;
      check(
          Math.abs(value - expected) <= tolerance,
          "sample %d of channel %d is %d (expected: %.1f)",
          index,
          k,
          value,
          expected);
    }
  }

  private void checkAge(long index, long age) {
    long limit = USUAL_NANOS;
    if (isDisturbedSince(world.scheduler().now() - SETTLING_NANOS)) {
      limit += spec.maxAgeNanos() + MAX_DELAY_NANOS;
    } else if (subscriber.wasUnreadySince(lastFrameAt)) {
      limit += spec.maxAgeNanos();
    }
    check(replayed || age <= limit, "frame %d is %d ms old", index, age / 1_000_000);
  }

  private void checkAccess() {
    long revokedAt = world.grants().revokedAt(subscriber.user, spec.deviceId());
    check(
        revokedAt >= world.scheduler().now() - FleetGrants.INTERVAL_NANOS,
        "a frame %d ms after %s lost access",
        (world.scheduler().now() - revokedAt) / 1_000_000,
        subscriber.user);
  }

  private void checkCount(long index, long missing) {
    if (nextIndex >= 0) {
      check(index == nextIndex + missing, "%d after %d, gap %d", index, nextIndex, missing);
    } else if (!sentAny && spec.start() instanceof StartFrom.Resume resume) {
      if (resume.epoch() == epoch) {
        check(
            index == resume.sampleIndex() + missing,
            "resumed at %d of %d, gap %d",
            index,
            resume.sampleIndex(),
            missing);
      }
    }
  }

  /** Between two epochs, the gap is estimated from the times at which the blocks arrived. */
  private void checkOutage(FleetCapture of, long index, long missing) {
    long nanos = Math.max(0, of.capturedAt(format, index) - lastEndAt);
    long error = nanos - format.nanosOf(missing);
    check(
        Math.abs(error) <= OUTAGE_NANOS,
        "a gap of %d samples over an outage of %d ms",
        missing,
        nanos / 1_000_000);
  }

  private void checkCauses(Gap gap, FleetCapture of, long index) {
    for (Gap.Part part : gap.parts()) {
      LossCause cause = part.loss().cause();
      long margin = 2L * spec.frameSize() + spec.conversion().lookahead();
      boolean happened =
          switch (cause) {
            case DEVICE_OVERRUN ->
                of.lostBetween(
                        (index - gap.sampleCount() - margin) * ratio, (index + margin) * ratio)
                    > 0;
            case UPSTREAM -> isDisturbed();
            case DEVICE_LOST -> deviceLostAt >= lastFrameAt - LATE_FRAME_NANOS;
            case NOT_KEPT -> spec.start() instanceof StartFrom.Resume && !isKept(of);
            case SLOW_SUBSCRIBER -> subscriber.wasUnreadySince(lastFrameAt);
            case SERVER_OVERLOAD -> isDisturbed(); // blocks that waited arrive all at once
          };
      world.counts().add("gaps " + cause);
      check(happened, "gap before %d: %s of %s did not happen", index, part, gap);
    }
    if (gap.cause() == LossCause.SLOW_SUBSCRIBER && gap.parts().size() == 1 && nextIndex >= 0) {
      checkDropped(of, index);
    }
  }

  /**
   * Returns whether the edge can send all samples from the position at which the stream resumes,
   * from its own history and that of the node.
   */
  private boolean isKept(FleetCapture of) {
    Duration shorter =
        subscriber.edge.history().compareTo(subscriber.node.history) < 0
            ? subscriber.edge.history()
            : subscriber.node.history;
    if (sentAny || !(spec.start() instanceof StartFrom.Resume resume) || resume.epoch() != epoch) {
      return false;
    }
    long capturedAt = of.capturedAt(format, resume.sampleIndex());
    return world.scheduler().now() - capturedAt <= shorter.toNanos() - OPENING_NANOS
        && !isDisturbedSince(capturedAt - OPENING_NANOS);
  }

  /** Frames are dropped for a slow subscriber only if they are too old, or too many wait. */
  private void checkDropped(FleetCapture of, long index) {
    long age = world.scheduler().now() - of.capturedAt(format, index);
    long kept = format.nanosOf((spec.queueFrames() - 1L) * spec.frameSize());
    check(age >= kept, "frames before %d were dropped, %d ms old", index, age / 1_000_000);
  }

  private boolean isDisturbed() {
    return isDisturbedSince(
        lastFrameAt - (spec.start() == StartFrom.LIVE ? MAX_REPORT_NANOS : MAX_KEPT_NANOS));
  }

  private boolean isDisturbedSince(long since) {
    return subscriber.edge.machine().link.disturbedAt() >= since
        || servers.disturbedAt(subscriber.node) >= since;
  }

  void onNotice(Notice notice) {
    if (notice.kind() == Notice.Kind.DEVICE_LOST) {
      deviceLostAt = world.scheduler().now();
    }
  }

  void onEnd(StreamException reason) {
    boolean happened =
        switch (reason.reason()) {
          case DEVICE_LOST, DEVICE_BUSY -> true;
          case POSITION_IN_FUTURE -> subscriber.node.wasSetBack();
          case NOT_PERMITTED -> subscriber.edge.grants().denies(subscriber.user, spec.deviceId());
          default -> false;
        };
    world.counts().add("ends " + reason.reason());
    check(happened, "ends: %s", reason.getMessage());
  }
}
