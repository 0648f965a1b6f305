package dev.lavalier.fleet;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.LossCause;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Publishes the blocks of one device of a node, for all edges, and answers those that wait for it
 * to open. The answer has the index of the first block, because the device can be open already and
 * an edge checks positions to resume at by this index. It is ready while the link is, so that the
 * hub drops what the link does not take.
 *
 * <p>The delivery loop calls the methods of {@link FrameSink} and {@link #abandon}; any thread may
 * call {@link #answer}.
 */
final class BlockSink implements FrameSink {

  /** What is known of the device. */
  private enum State {
    OPENING,
    OPEN,
    LOST
  }

  private final String subject;
  private final Link link;
  private final int blockSamples;
  private final BlockCounts counts;
  private final Consumer<BlockSink> onEnded;

  // Used only on the delivery loop.
  private long epoch; // 0: none is open
  private @Nullable StreamStart starting; // until its first frame
  private long deviceLost; // samples in this epoch
  private boolean muted;
  private OptionalDouble clockPpm = OptionalDouble.empty();

  private volatile long nextIndex;

  // Guarded by this.
  private State state = State.OPENING;
  private @Nullable StreamStart started; // while it is open
  private byte[] refusal = {}; // while it is lost
  private final Map<String, Consumer<byte[]>> waiting = new HashMap<>(); // by edge

  /**
   * Creates a sink.
   *
   * @param subject of the blocks
   * @param onEnded called when the hub ends the subscription, on the delivery loop
   */
  BlockSink(
      String subject,
      Link link,
      int blockSamples,
      BlockCounts counts,
      Consumer<BlockSink> onEnded) {
    this.subject = subject;
    this.link = link;
    this.blockSamples = blockSamples;
    this.counts = counts;
    this.onEnded = onEnded;
  }

  /** Answers an edge: at once, or when the device is open or was refused. */
  void answer(String edge, Consumer<byte[]> reply) {
    byte[] answer;
    synchronized (this) {
      if (state == State.OPENING) {
        waiting.put(edge, reply);
        return;
      }
      answer = currentAnswer();
    }
    reply.accept(answer);
  }

  /** Returns the start of the epoch that is open; null if none is. */
  synchronized @Nullable StreamStart started() {
    return state == State.OPEN ? started : null;
  }

  private byte[] currentAnswer() {
    if (started == null) {
      return refusal;
    }
    PcmFormat format = started.conversion().delivered();
    return Messages.opened(started.epoch(), format, blockSamples, nextIndex);
  }

  private void settle(State next, @Nullable StreamStart nextStarted, byte[] nextRefusal) {
    List<Consumer<byte[]>> replies;
    byte[] answer;
    synchronized (this) {
      state = next;
      started = nextStarted;
      refusal = nextRefusal;
      answer = currentAnswer();
      replies = List.copyOf(waiting.values());
      waiting.clear();
    }
    replies.forEach(reply -> reply.accept(answer));
  }

  private void settleLost(StreamException reason) {
    settle(State.LOST, null, Messages.refused(reason));
  }

  @Override
  public boolean isReady() {
    return link.isReady();
  }

  @Override
  public void onStarted(StreamStart start) {
    epoch = start.epoch();
    deviceLost = 0;
    muted = false;
    clockPpm = OptionalDouble.empty();
    nextIndex = 0;
    starting = start;
    synchronized (this) {
      state = State.OPENING;
    }
  }

  @Override
  public void onFrame(Frame frame, Optional<Gap> gap) {
    if (epoch == 0) {
      return; // it waited when the epoch ended
    }
    gap.ifPresent(this::addLosses);
    if (starting != null) {
      nextIndex = frame.sampleIndex();
      settle(State.OPEN, starting, new byte[0]);
      starting = null;
    }
    nextIndex = frame.sampleIndex() + blockSamples;
    if (muted && !Blocks.isZero(frame.message())) {
      muted = false;
    }
    if (link.isLate(frame.readNanos())) {
      counts.onDropped(blockSamples);
    } else {
      link.publish(subject, Blocks.encode(epoch, frame, deviceLost, muted, clockPpm));
      counts.onPublished();
    }
  }

  /** What the node's queue dropped is not a loss of the device: it counts as lost on the way. */
  private void addLosses(Gap gap) {
    for (Gap.Part part : gap.parts()) {
      LossCause cause = part.loss().cause();
      if (cause == LossCause.DEVICE_OVERRUN
          || (cause == LossCause.SERVER_OVERLOAD && part.loss().estimated())) {
        deviceLost += part.sampleCount();
      } else if (cause == LossCause.SLOW_SUBSCRIBER || cause == LossCause.SERVER_OVERLOAD) {
        counts.onDropped(part.sampleCount());
      }
    }
  }

  @Override
  public void onNotice(Notice notice) {
    switch (notice.kind()) {
      case DEVICE_LOST -> end(new StreamException(Reason.DEVICE_LOST, notice.message()));
      case MUTED -> muted = true;
      case CLOCK -> clockPpm = OptionalDouble.of(notice.clockPpm());
      case SERVER_STOPPING -> {} // the end follows
    }
  }

  @Override
  public void onEnd(StreamException reason) {
    end(reason);
    onEnded.accept(this);
  }

  /**
   * Publishes the end of the epoch, and refuses those that wait. Called on the delivery loop after
   * the node has cancelled the subscription.
   */
  void abandon(String reason) {
    end(new StreamException(Reason.DEVICE_LOST, "closed: " + reason));
  }

  private void end(StreamException reason) {
    if (epoch > 0) {
      link.publish(subject, Blocks.encodeEnd(epoch, nextIndex, reason.getMessage()));
      epoch = 0;
      starting = null;
    }
    settleLost(reason);
  }
}
