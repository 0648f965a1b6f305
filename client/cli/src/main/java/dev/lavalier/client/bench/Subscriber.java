package dev.lavalier.client.bench;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One subscription. Only the event loop of its connection calls it; it never blocks. */
final class Subscriber extends ClientCall.Listener<StreamEvent> {

  private final Run run;
  private final LongSupplier unixNanos;
  private final Supplier<LatencyRecorder> recorders;

  private @Nullable LatencyRecorder recorder; // of this loop; null before the first frame
  private int frameSize;
  private long expectedIndex; // the index of the next sample without a gap
  private long lastArrival; // of the last frame
  private boolean counting;
  private boolean finished;
  private long latencyBase;

  /**
   * Creates a subscriber.
   *
   * @param unixNanos the wall clock, in nanoseconds since 1970
   * @param recorders returns the recorder of the calling loop
   */
  Subscriber(Run run, LongSupplier unixNanos, Supplier<LatencyRecorder> recorders) {
    this.run = run;
    this.unixNanos = unixNanos;
    this.recorders = recorders;
  }

  @Override
  public void onMessage(StreamEvent event) {
    if (event instanceof StreamEvent.FrameHeader header) {
      onFrame(header, unixNanos.getAsLong());
    } else if (event instanceof StreamEvent.Opened opened) {
      frameSize = opened.stream().frameSize();
      run.onOpened(opened);
    }
  }

  private void onFrame(StreamEvent.FrameHeader header, long now) {
    if (recorder == null) {
      recorder = recorders.get();
      run.onFirstFrame(header.sampleIndex());
    } else if (!finished) {
      countFrame(header, now);
    }
    expectedIndex = header.sampleIndex() + frameSize;
    lastArrival = now;
  }

  private void countFrame(StreamEvent.FrameHeader header, long now) {
    long index = header.sampleIndex();
    long from = run.from();
    if (index < from) {
      run.recordWarmupLatency(now - header.captureUnixNanos() - header.readDelayNanos());
      return;
    }
    if (!counting) {
      counting = true;
      latencyBase = run.startCounting();
    }
    long to = run.to();
    if (index != expectedIndex || header.gapSamples() != 0) {
      long missing = Math.min(index, to) - Math.max(expectedIndex, from);
      boolean reported = header.gapSamples() == index - expectedIndex;
      if (reported) {
        recordGap(header, missing);
      } else {
        recorder.recordGap(BenchReport.Cause.UNTOLD, Math.max(0, missing));
      }
    }
    if (index < to) {
      recorder.recordFrame((index - from) / frameSize, header, now, lastArrival, latencyBase);
    }
    if (index + frameSize >= to) {
      finished = true;
      run.onFinished();
    }
  }

  /** Records a gap of which {@code missing} samples are within the measured samples. */
  private void recordGap(StreamEvent.FrameHeader header, long missing) {
    long rest = missing;
    for (StreamEvent.GapPart part : header.gap()) {
      long samples = Math.min(rest, part.samples());
      if (samples > 0) {
        recorder.recordGap(part.cause(), samples);
        rest -= samples;
      }
    }
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    if (!finished) {
      finished = true;
      run.onEnded(status, recorder != null);
    }
  }
}
