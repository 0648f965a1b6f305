package dev.lavalier.grpc;

import dev.lavalier.audio.StreamException;
import dev.lavalier.hub.Frame;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Gap;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;

/** The sending side of one StreamFrames call. Used on the subscription's lane alone. */
final class FramesCall implements FrameSink {

  private final ServerCallStreamObserver<byte[]> observer;

  FramesCall(ServerCallStreamObserver<byte[]> observer) {
    this.observer = observer;
  }

  @Override
  public boolean isReady() {
    return observer.isReady();
  }

  @Override
  public void onStarted(StreamStart started) {
    observer.onNext(Messages.started(started));
  }

  @Override
  public void onFrame(Frame frame, Optional<Gap> gap) {
    observer.onNext(gap.isEmpty() ? frame.message() : Messages.frame(frame, gap.get()));
  }

  @Override
  public void onNotice(Notice notice) {
    observer.onNext(Messages.notice(notice));
  }

  @Override
  public void onEnd(StreamException reason) {
    observer.onError(Statuses.of(reason));
  }
}
