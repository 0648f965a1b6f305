package dev.lavalier.grpc;

import dev.lavalier.audio.StreamException;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;

/** The sending side of one StreamFrames call. Used on the subscription's lane alone. */
final class StreamFramesCall implements FrameSink {

  private final ServerCallStreamObserver<byte[]> observer;

  StreamFramesCall(ServerCallStreamObserver<byte[]> observer) {
    this.observer = observer;
  }

  @Override
  public boolean isReady() {
    return observer.isReady();
  }

  @Override
  public void onStarted(StreamStart started) {
    observer.onNext(ProtoMessages.started(started));
  }

  @Override
  public void onFrame(Frame frame, Optional<Gap> gap) {
    observer.onNext(gap.isEmpty() ? frame.message() : ProtoMessages.frame(frame, gap.get()));
  }

  @Override
  public void onNotice(Notice notice) {
    observer.onNext(ProtoMessages.notice(notice));
  }

  @Override
  public void onEnd(StreamException reason) {
    observer.onError(GrpcStatuses.of(reason));
  }
}
