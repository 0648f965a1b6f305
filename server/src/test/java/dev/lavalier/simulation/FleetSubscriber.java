package dev.lavalier.simulation;

import com.google.errorprone.annotations.FormatMethod;
import dev.lavalier.capture.LossCause;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.hub.Subscription;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A subscriber of an edge. Checks that each frame has the samples of its numbers, with the time of
 * the node, in time, and that frames and gaps together are what was captured.
 */
final class FleetSubscriber implements FrameSink {

  /** The maximum age of a frame: the subscriber's bound, the way, and the length of two frames. */
  private static final long MAX_AGE_NANOS = 1_000_000_000L;

  /** A gap can be reported this long after the fault that caused it. */
  private static final long MAX_REPORT_NANOS = 2_000_000_000L;

  /** The same for a stream that resumes: the history has old losses. */
  private static final long MAX_KEPT_NANOS = 15_000_000_000L;

  /** Frames can still be sent for this long after the notice of a lost device. */
  private static final long LATE_FRAME_NANOS = 500_000_000L;

  final String name;
  final FleetMachine edge;
  final SubscriptionSpec spec;
  private final Scheduler scheduler;
  private final Violations violations;
  private final Map<String, FleetMicrophones.Captured> epochs;
  private final Supplier<SimNetwork.SimLink> nodeLink;
  @Nullable Subscription subscription; // null: not subscribed, or ended
  long epoch;
  long nextIndex = -1; // -1: no frame of this epoch yet
  long lastFrameAt; // or when it subscribed
  private boolean sentAny;
  private long deviceLostAt = -LATE_FRAME_NANOS; // of the last notice

  FleetSubscriber(
      String name,
      FleetMachine edge,
      SubscriptionSpec spec,
      Scheduler scheduler,
      Violations violations,
      Map<String, FleetMicrophones.Captured> epochs,
      Supplier<SimNetwork.SimLink> nodeLink) {
    this.name = name;
    this.edge = edge;
    this.spec = spec;
    this.scheduler = scheduler;
    this.violations = violations;
    this.epochs = epochs;
    this.nodeLink = nodeLink;
    this.lastFrameAt = scheduler.now();
  }

  @FormatMethod
  private void check(boolean condition, String otherwise, Object... values) {
    violations.check(condition, () -> name + ": " + otherwise.formatted(values));
  }

  @Override
  public boolean isReady() {
    return true;
  }

  @Override
  public void onStarted(StreamStart started) {
    violations.trace(() -> name + " starts epoch " + started.epoch());
    check(started.epoch() > epoch, "epoch %d after %d", started.epoch(), epoch);
    epoch = started.epoch();
    nextIndex = -1;
  }

  @Override
  public void onFrame(Frame frame, Optional<Gap> gap) {
    FleetMicrophones.Captured captured = epochs.get(FleetMicrophones.key(spec.deviceId(), epoch));
    check(captured != null, "no node has opened epoch %d", epoch);
    if (captured == null) {
      return;
    }
    long index = frame.sampleIndex();
    ByteBuffer pcm = ByteBuffer.wrap(frame.message()).order(ByteOrder.LITTLE_ENDIAN);
    check(pcm.getInt(0) == captured.value(index), "frame %d has other samples", index);
    long last = index + spec.frameSize() - 1;
    check(pcm.getInt(pcm.capacity() - 4) == captured.value(last), "frame %d ends in others", index);
    check(
        frame.captureUnixNanos() == captured.unixNanos(index), "frame %d has another time", index);
    long age = scheduler.now() - captured.capturedAt(last);
    boolean replayed = spec.start() != StartFrom.LIVE;
    long limit = isDisturbed() ? 2 * MAX_AGE_NANOS : MAX_AGE_NANOS; // the way is not known yet
    check(replayed || age <= limit, "frame %d is %d ms old", index, age / 1_000_000);
    gap.ifPresent(each -> checkCauses(each, captured, index));
    checkCount(index, gap);
    nextIndex = last + 1;
    lastFrameAt = scheduler.now();
    sentAny = true;
  }

  private void checkCount(long index, Optional<Gap> gap) {
    long missing = gap.map(Gap::sampleCount).orElse(0L);
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

  private void checkCauses(Gap gap, FleetMicrophones.Captured captured, long index) {
    for (Gap.Part part : gap.parts()) {
      LossCause cause = part.loss().cause();
      boolean happened =
          switch (cause) {
            case DEVICE_OVERRUN ->
                captured.lostBetween(index - gap.sampleCount() - 2L * spec.frameSize(), index) > 0;
            case UPSTREAM -> isDisturbed();
            case DEVICE_LOST -> deviceLostAt >= lastFrameAt - LATE_FRAME_NANOS;
            case NOT_KEPT -> spec.start() instanceof StartFrom.Resume;
            case SLOW_SUBSCRIBER, SERVER_OVERLOAD -> false;
          };
      check(happened, "gap before %d: %s of %s did not happen", index, part, gap);
    }
  }

  private boolean isDisturbed() {
    long since = lastFrameAt - (spec.start() == StartFrom.LIVE ? MAX_REPORT_NANOS : MAX_KEPT_NANOS);
    return edge.link.disturbedAt() >= since || nodeLink.get().disturbedAt() >= since;
  }

  @Override
  public void onNotice(Notice notice) {
    violations.trace(() -> name + ": " + notice.message());
    if (notice.kind() == Notice.Kind.DEVICE_LOST) {
      deviceLostAt = scheduler.now();
    }
  }

  @Override
  public void onEnd(StreamException reason) {
    violations.trace(() -> name + " ends: " + reason.getMessage());
    check(reason.reason() != Reason.POSITION_IN_FUTURE, "%s", reason.getMessage());
    subscription = null;
  }

  @Override
  public String toString() {
    return name;
  }
}
