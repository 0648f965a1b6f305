package dev.lavalier.client;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Records signals, and whether two signals overlapped. */
class RecordingSubscriber implements Flow.Subscriber<Frame> {
  final BlockingQueue<Object> signals = new LinkedBlockingQueue<>();
  private final AtomicInteger activeSignals = new AtomicInteger();
  volatile boolean overlapped;
  volatile Flow.Subscription subscription;

  final void recordSignal(Object what) {
    overlapped |= activeSignals.getAndIncrement() > 0;
    signals.add(what);
    activeSignals.getAndDecrement();
  }

  @Override
  public void onSubscribe(Flow.Subscription to) {
    subscription = to;
  }

  @Override
  public void onNext(Frame frame) {
    recordSignal(frame.sampleIndex());
  }

  @Override
  public void onError(Throwable error) {
    recordSignal(error);
  }

  @Override
  public void onComplete() {
    recordSignal("complete");
  }

  Object next() throws InterruptedException {
    return signals.poll(10, TimeUnit.SECONDS);
  }
}
