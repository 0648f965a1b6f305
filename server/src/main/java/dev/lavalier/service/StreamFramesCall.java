package dev.lavalier.service;

import dev.lavalier.common.StreamException;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.hub.Subscription;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import java.util.Optional;

/**
 * One StreamFrames call: sends the events of its subscription as messages. Used only on the
 * delivery loop of the subscription.
 */
final class StreamFramesCall implements FrameSink {

  /** The side that the transport calls. StreamLevels has the same. */
  record Listener(Subscription subscription) implements CallListener {
    @Override
    public void onReady() {
      subscription.wake();
    }

    @Override
    public void onCancel(String reason) {
      subscription.cancel(reason);
    }
  }

  private final CallSink sink;

  StreamFramesCall(CallSink sink) {
    this.sink = sink;
  }

  @Override
  public boolean isReady() {
    return sink.isReady();
  }

  @Override
  public void onStarted(StreamStart started) {
    sink.send(ProtoMessages.started(started));
  }

  @Override
  public void onFrame(Frame frame, Optional<Gap> gap) {
    sink.send(gap.isEmpty() ? frame.message() : ProtoMessages.frame(frame, gap.get()));
  }

  @Override
  public boolean isFlushed() {
    return sink.isFlushed();
  }

  @Override
  public void onNotice(Notice notice) {
    sink.send(ProtoMessages.notice(notice));
  }

  @Override
  public void onEnd(StreamException reason) {
    sink.fail(reason);
  }
}
