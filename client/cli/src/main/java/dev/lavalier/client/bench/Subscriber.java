package dev.lavalier.client.bench;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** One subscription. Called by its connection's event loop alone; never blocks. */
final class Subscriber extends ClientCall.Listener<StreamEvent> {

  private final Run run;
  private final LongSupplier unixNanos;
  private final Supplier<Recorder> recorders;

  private Recorder recorder; // this loop's; null: no frame yet
  private int frameSize;
  private long next; // the sample index that should come next
  private long arrivedAt; // of the last frame
  private boolean counting;
  private boolean through;
  private long base;

  /**
   * Makes one.
   *
   * @param unixNanos the time of day
   * @param recorders gives the recorder of the loop that asks
   */
  Subscriber(Run run, LongSupplier unixNanos, Supplier<Recorder> recorders) {
    this.run = run;
    this.unixNanos = unixNanos;
    this.recorders = recorders;
  }

  @Override
  public void onMessage(StreamEvent event) {
    if (event instanceof StreamEvent.Head head) {
      onFrame(head, unixNanos.getAsLong());
    } else if (event instanceof StreamEvent.Opened opened) {
      frameSize = opened.stream().frameSize();
      run.opened(opened);
    }
  }

  private void onFrame(StreamEvent.Head head, long now) {
    if (recorder == null) {
      recorder = recorders.get();
      run.firstFrame(head.sampleIndex());
    } else if (!through) {
      count(head, now);
    }
    next = head.sampleIndex() + frameSize;
    arrivedAt = now;
  }

  private void count(StreamEvent.Head head, long now) {
    long index = head.sampleIndex();
    long from = run.from();
    if (index < from) {
      run.warmedUp(now - head.captureUnixNanos() - head.readDelayNanos());
      return;
    }
    if (!counting) {
      counting = true;
      base = run.begin();
    }
    long to = run.to();
    if (index != next || head.gapSamples() != 0) {
      long missing = Math.min(index, to) - Math.max(next, from);
      boolean told = head.gapSamples() == index - next;
      if (missing > 0 || !told) {
        recorder.gap(told ? head.gapCause() : BenchReport.Cause.UNTOLD, Math.max(0, missing));
      }
    }
    if (index < to) {
      recorder.frame((index - from) / frameSize, head, now, arrivedAt, base);
    }
    if (index + frameSize >= to) {
      through = true;
      run.finish();
    }
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    if (!through) {
      through = true;
      run.end(status, recorder != null);
    }
  }
}
