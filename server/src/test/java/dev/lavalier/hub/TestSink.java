package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Records how a subscription ends, and fails in one method if the test wants. */
final class TestSink implements FrameSink {

  final List<Reason> ends = new ArrayList<>();
  final List<String> messages = new ArrayList<>(); // of the ends
  final List<Notice.Kind> notices = new ArrayList<>();
  int started;
  int frames;
  boolean ready = true;

  /** The name of the method that throws. */
  String failing = "";

  /** What it throws. */
  Throwable failure = new IllegalStateException("the sink is broken");

  private void failIn(String method) {
    if (method.equals(failing)) {
      FakeDevices.sneakyThrow(failure);
    }
  }

  @Override
  public boolean isReady() {
    failIn("isReady");
    return ready;
  }

  @Override
  public void onStarted(StreamStart start) {
    failIn("onStarted");
    started++;
  }

  @Override
  public void onFrame(Frame frame, Optional<Gap> gap) {
    failIn("onFrame");
    frames++;
  }

  @Override
  public void onNotice(Notice notice) {
    failIn("onNotice");
    notices.add(notice.kind());
  }

  @Override
  public void onEnd(StreamException reason) {
    ends.add(reason.reason());
    messages.add(reason.getMessage());
    failIn("onEnd");
  }
}
