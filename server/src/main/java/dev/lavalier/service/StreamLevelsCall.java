package dev.lavalier.service;

import dev.lavalier.common.StreamException;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import java.util.Optional;

/**
 * One StreamLevels call: sends the events of its subscription as messages. A frame of the
 * subscription is an interval. Used only on the delivery loop of the subscription.
 */
final class StreamLevelsCall implements FrameSink {

  private final CallSink sink;

  StreamLevelsCall(CallSink sink) {
    this.sink = sink;
  }

  @Override
  public boolean isReady() {
    return sink.isReady();
  }

  @Override
  public void onStarted(StreamStart started) {
    sink.send(LevelMessages.started(started));
  }

  @Override
  public void onFrame(Frame interval, Optional<Gap> gap) {
    sink.send(gap.isEmpty() ? interval.message() : LevelMessages.levels(interval, gap.get()));
  }

  @Override
  public void onNotice(Notice notice) {
    sink.send(LevelMessages.notice(notice));
  }

  @Override
  public void onEnd(StreamException reason) {
    sink.fail(reason);
  }
}
