package dev.lavalier.simulation;

import com.google.errorprone.annotations.FormatMethod;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.StreamException;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.OnDeviceLoss;
import dev.lavalier.hub.OverflowPolicy;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.simulation.RecordingCodec.Encoded;
import dev.lavalier.simulation.RecordingCodec.Sequence;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The invariants of one subscriber's stream, checked with each call of its sink. */
final class StreamChecks {

  /** A turn sends some frames, each of which takes time, and frames of a period come together. */
  private static final long MAX_TURN_NANOS = 200_000_000;

  private final SimulatedSubscriber subscriber;
  private final Environment env;
  private final int frameSize;

  private @Nullable LineTruth line; // of the epoch; null: not started
  private @Nullable TruthChecks truth; // of the epoch
  private boolean deviceLost; // it waits for the device
  private boolean muted; // it was notified of the silence, in this epoch
  private boolean lastSilent; // the last frame
  private long epoch = -1;
  private long startedStep;
  private boolean firstOfEpoch;
  private boolean firstOfAll = true;
  private long nextIndex = -1; // of the next expected sample; -1: any
  private @Nullable Sequence sequence; // of the last frame
  private int lastPosition; // in the sequence
  private long lastFrameAt = -1;
  private long startedAt; // of the epoch
  private long lastUncountedNanos; // audio that was lost before the last frame, and not counted
  private long lastUncertainNanos; // the error of the last frame's capture time, at most
  private long lastEndPhysical; // real time at which the last received sample ended
  private long maxAgeNanos; // granted
  private int capacity; // of the queue, granted

  StreamChecks(SimulatedSubscriber subscriber, Environment env) {
    this.subscriber = subscriber;
    this.env = env;
    this.frameSize = subscriber.spec.frameSize();
  }

  boolean isStarted() {
    return line != null;
  }

  /** Returns whether a notice reported the loss of the device, and no epoch has started since. */
  boolean isDeviceLost() {
    return deviceLost;
  }

  /** Returns the number of the epoch; -1 before the first. */
  long epoch() {
    return epoch;
  }

  /** Returns the maximum age of a frame that was granted; 0 before the start. */
  long maxAgeNanos() {
    return maxAgeNanos;
  }

  /** Returns the steady time of the last frame; -1 if there was none. */
  long lastFrameAt() {
    return lastFrameAt;
  }

  /** Returns the index of the sample after the last frame; -1 if there was none in this epoch. */
  long resumeIndex() {
    return firstOfEpoch ? -1 : nextIndex;
  }

  @FormatMethod
  private void check(boolean condition, String message, Object... args) {
    if (!condition) {
      env.violations()
          .check(false, () -> subscriber + ", " + subscriber.spec + ": " + message.formatted(args));
    }
  }

  void onStarted(StreamStart start) {
    check(start.epoch() > epoch, "epoch %d after %d", start.epoch(), epoch);
    check(start.spec().equals(subscriber.spec), "another spec");
    check(start.conversion().delivered().equals(subscriber.spec.format()), "another format");
    deviceLost = false;
    epoch = start.epoch();
    line = subscriber.device.lineOf(epoch);
    check(line != null, "unknown epoch %d", epoch);
    if (line == null) {
      return;
    }
    truth = new TruthChecks(line, start.conversion(), env);
    startedStep = env.scheduler().steps();
    firstOfEpoch = true;
    muted = false;
    sequence = null;
    startedAt = env.scheduler().now();
    nextIndex = -1;
    maxAgeNanos = start.maxLatencyMs() * 1_000_000L;
    check(
        start.maxLatencyMs() >= subscriber.spec.maxLatencyMs(),
        "granted only %d ms",
        start.maxLatencyMs());
    PcmFormat captured = start.conversion().captured();
    int periodSamples = (int) captured.samplesIn(subscriber.device.periodMillis * 1_000_000L);
    int ofPeriod = start.conversion().maxOutputSamples(periodSamples);
    capacity = Math.max(subscriber.spec.queueFrames(), (ofPeriod + frameSize - 1) / frameSize);
    checkPreroll(start);
  }

  private void checkPreroll(StreamStart start) {
    int millis = start.prerollMillis();
    check(
        millis >= 0
            && millis * 1_000_000L
                <= env.historyNanos() + subscriber.spec.format().nanosOf(frameSize),
        "preroll %d ms",
        millis);
    if (subscriber.spec.start() instanceof StartFrom.Preroll preroll) {
      check(millis <= preroll.millis(), "preroll %d ms", millis);
    } else if (subscriber.spec.start() == StartFrom.LIVE) {
      check(millis == 0, "preroll %d ms", millis);
    }
  }

  void onFrame(Frame frame, Optional<Gap> gap) {
    check(line != null, "frame before the start");
    if (line == null) {
      return;
    }
    Sequence from = env.codec().sequenceOf(frame.message());
    int position = RecordingCodec.positionOf(frame.message());
    Encoded encoded = from.frames().get(position);
    long index = frame.sampleIndex();
    env.violations().trace(() -> subscriber + ": frame " + index + ", " + gap);
    long missing = gap.map(Gap::sampleCount).orElse(0L);
    check(encoded.index() == index, "index %d in the frame %d", index, encoded.index());
    check(index % frameSize == 0, "index %d is not on the grid", index);
    if (nextIndex >= 0) {
      check(
          index == nextIndex + missing,
          "frame %d, gap %d (expected: sum from %d)",
          index,
          missing,
          nextIndex);
    } else {
      checkFirst(from, index, missing);
    }
    if (from.isLive()) {
      checkAge(encoded);
      if (sequence == from && position > lastPosition + 1) {
        checkDropped(from, position, gap);
      }
    }
    gap.ifPresent(each -> checkCauses(each, from, position));
    double number = truth.check(frame, encoded, frameSize);
    boolean silent = truth.isSilent(number);
    if (firstOfEpoch && !firstOfAll && !silent && !lastSilent) {
      checkOutage(frame, number, missing);
    }
    lastSilent = silent;
    sequence = from;
    lastPosition = position;
    nextIndex = index + frameSize;
    firstOfEpoch = false;
    firstOfAll = false;
    lastFrameAt = env.scheduler().now();
    lastUncountedNanos = Math.abs(truth.uncountedNanos(index, number));
    lastUncertainNanos = truth.uncertainNanos(frame, number);
    lastEndPhysical = line.physicalNanosOf(number) + subscriber.spec.format().nanosOf(frameSize);
  }

  /** All frames that were published after the start of the epoch are sent, or are in the gap. */
  private void checkFirst(Sequence from, long index, long missing) {
    StartFrom start = subscriber.spec.start();
    if (firstOfAll && start instanceof StartFrom.Resume resume && resume.epoch() == epoch) {
      check(
          index == resume.sampleIndex() + missing,
          "first frame %d, gap %d (expected: sum from %d)",
          index,
          missing,
          resume.sampleIndex());
    }
    boolean exact = firstOfAll && !(start instanceof StartFrom.Resume);
    if (exact && from.isLive()) {
      for (Encoded each : from.frames()) {
        if (each.step() > startedStep) {
          check(
              index - missing <= each.index(),
              "first frame %d, gap %d (expected: all from %d)",
              index,
              missing,
              each.index());
          return;
        }
      }
    }
  }

  private void checkAge(Encoded encoded) {
    long age = env.scheduler().now() - encoded.encodedAt();
    check(
        age <= maxAgeNanos,
        "frame %d is %.3f ms old (expected: at most %.3f)",
        encoded.index(),
        age / 1e6,
        maxAgeNanos / 1e6);
  }

  /**
   * Live frames are dropped only if they are too old or too many. For a subscriber that was ready,
   * too many are more than the line's buffer holds.
   */
  private void checkDropped(Sequence from, int position, Optional<Gap> gap) {
    List<Encoded> frames = from.frames();
    long now = env.scheduler().now();
    boolean ready = !subscriber.wasUnready();
    int keptFrom = frames.size() - (ready ? Math.max(capacity, burstFrames()) : capacity);
    boolean waited = false;
    for (int i = lastPosition + 1; i < position; i++) {
      Encoded dropped = frames.get(i);
      long age = now - dropped.encodedAt();
      waited |= age > 0;
      check(
          i < keptFrom || age > maxAgeNanos,
          "frame %d was dropped, %.3f ms old, %d before the last",
          dropped.index(),
          age / 1e6,
          frames.size() - i);
    }
    long dropped = (long) (position - lastPosition - 1) * frameSize;
    long reported =
        gap.stream()
            .flatMap(each -> each.parts().stream())
            .filter(part -> !part.loss().estimated())
            .mapToLong(Gap.Part::sampleCount)
            .sum();
    long notEncoded = reported - dropped;
    check(
        notEncoded >= 0 && notEncoded <= from.maxNotEncoded(lastPosition, position),
        "%d samples were dropped, and %d reported",
        dropped,
        reported);
    if (ready) {
      check(waited && !env.calm(), "%d samples were dropped without a delay", dropped);
    }
  }

  private int burstFrames() {
    return (int) (subscriber.spec.format().samplesIn(line.bufferNanos()) / frameSize);
  }

  private void checkCauses(Gap gap, Sequence from, int position) {
    StartFrom start = subscriber.spec.start();
    long offeredAt = offeredAt(from, position);
    for (Gap.Part part : gap.parts()) {
      boolean estimated = part.loss().estimated();
      check(part.sampleCount() > 0, "empty part: %s", gap);
      boolean happened =
          switch (part.loss().cause()) {
            case SLOW_SUBSCRIBER -> !estimated && subscriber.wasUnreadySince(offeredAt);
            case DEVICE_OVERRUN -> estimated && line.lostTotal() > 0;
            case SERVER_OVERLOAD -> estimated ? line.wasFull() : !env.calm();
            case DEVICE_LOST -> estimated && firstOfEpoch && !firstOfAll;
            case NOT_KEPT ->
                firstOfAll ? start instanceof StartFrom.Resume : firstOfEpoch && !estimated;
            case UPSTREAM -> false; // the devices are of this machine
          };
      check(happened, "no cause: %s", gap);
    }
  }

  /** The gap after a loss of the device is as long as the time without samples. */
  private void checkOutage(Frame frame, double number, long missing) {
    PcmFormat format = subscriber.spec.format();
    long physical = line.physicalNanosOf(number);
    // The steady time, because a suspension of the machine is not a loss of the device.
    long nanos = env.time().steadyNanosOf(physical) - env.time().steadyNanosOf(lastEndPhysical);
    long difference = nanos - format.nanosOf(missing);
    check(
        Math.abs(difference)
            <= TruthChecks.TOLERANCE_NANOS
                + 2 * line.bufferNanos()
                + lastUncountedNanos
                + lastUncertainNanos
                + truth.uncertainNanos(frame, number),
        "gap of %.1f ms over an outage of %.1f ms",
        format.nanosOf(missing) / 1e6,
        nanos / 1e6);
  }

  void onNotice(Notice notice) {
    deviceLost |= notice.kind() == Notice.Kind.DEVICE_LOST;
    boolean happened =
        switch (notice.kind()) {
          case DEVICE_LOST -> subscriber.device.wasFaulty;
          case SERVER_STOPPING -> env.stopping().getAsBoolean();
          case MUTED -> line != null && line.wasSilent() && !muted;
          case CLOCK -> subscriber.spec.clockNotices() && line != null;
        };
    muted |= notice.kind() == Notice.Kind.MUTED;
    check(happened, "no cause: %s", notice);
  }

  /**
   * Checks that a device which delivers only zeros was reported.
   *
   * @param maxWaitNanos the maximum time that the notice may take
   */
  void checkSilence(long maxWaitNanos) {
    if (line != null && !deviceLost && !muted && line.silentSince() >= 0 && !line.wasFull()) {
      long since = env.scheduler().now() - Math.max(startedAt, line.silentSince());
      check(since <= maxWaitNanos, "no notice of the silence for %.3f s", since / 1e9);
    }
  }

  /** Returns the steady time before which no frame of a gap before a frame was offered. */
  private long offeredAt(Sequence from, int position) {
    if (firstOfAll) {
      return startedAt;
    } else if (sequence == from && from.isLive() && position > lastPosition + 1) {
      return from.frames().get(lastPosition + 1).encodedAt();
    }
    return env.time().steadyNanosOf(lastEndPhysical); // the next sample was not captured before
  }

  void onEnd(StreamException reason) {
    boolean happened =
        switch (reason.reason()) {
          case DEVICE_LOST ->
              subscriber.device.wasFaulty
                  && (subscriber.spec.onDeviceLoss() == OnDeviceLoss.FAIL || line == null);
          case DEVICE_BUSY -> subscriber.device.wasFaulty && line == null;
          case QUEUE_OVERFLOW ->
              subscriber.spec.overflowPolicy() == OverflowPolicy.CLOSE
                  && (!env.calm() || subscriber.everUnready);
          case SUBSCRIBER_STALLED ->
              subscriber.wasUnready()
                  && env.scheduler().now() - Math.max(startedAt, lastFrameAt)
                      > env.stallNanos() - MAX_TURN_NANOS;
          case POSITION_IN_FUTURE -> subscriber.spec.start() instanceof StartFrom.Resume;
          case NOT_AUTHENTICATED -> subscriber.revoked;
          case SERVER_STOPPING -> env.stopping().getAsBoolean();
          case INVALID_REQUEST,
              DEVICE_NOT_FOUND,
              FORMAT_NOT_AVAILABLE,
              LIMIT_REACHED,
              NOT_PERMITTED,
              REQUEST_TIMEOUT,
              SERVER_FAILED ->
              false;
        };
    check(happened, "no cause: %s", reason.getMessage());
  }

  /**
   * Checks that a subscriber that is ready receives the frames that are published.
   *
   * @param maxWaitNanos the maximum time that a frame may wait
   */
  void checkProgress(long maxWaitNanos) {
    long now = env.scheduler().now();
    if (sequence == null || !sequence.isLive() || !subscriber.isActive() || deviceLost) {
      return; // the reader of a lost device may publish until it is closed
    }
    List<Encoded> frames = sequence.frames();
    if (lastPosition + 1 < frames.size()) {
      long encodedAt = frames.get(lastPosition + 1).encodedAt();
      if (subscriber.readySince() > encodedAt + maxAgeNanos) {
        return; // it may expire after a loss of the device
      }
      long waiting = Math.min(now - encodedAt, now - subscriber.readySince());
      check(waiting <= maxWaitNanos, "no frame for %.3f s while it was ready", waiting / 1e9);
    }
  }
}
