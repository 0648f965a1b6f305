package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.OptionalDouble;

/** Captures an {@link AudioLine} with one {@link LineReader}. */
public final class LineCapture implements Capture {

  /** PulseAudio was measured to need 1.4 to 2 s for its first period. */
  private static final Duration FIRST_PERIOD_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration PERIOD_TIMEOUT = Duration.ofSeconds(3);

  private final DeviceDescriptor device;
  private final AudioLine line;
  private final int periodSamples;
  private final LineReader reader;

  /**
   * Creates a capture that is not started.
   *
   * @param device the device, as it was listed when the line was opened
   * @param line an open line; this object closes it
   * @param period the length of one read. If the line's buffer does not hold two of them, as the
   *     sound system may have made it smaller than requested, the reads are half of the buffer
   */
  public LineCapture(
      DeviceDescriptor device, AudioLine line, Duration period, TimeSource timeSource) {
    this.device = device;
    this.line = line;
    long samples = Math.min(line.format().samplesIn(period.toNanos()), line.bufferSamples() / 2);
    this.periodSamples = (int) Math.max(1, samples);
    this.reader = new LineReader(line, device.id(), periodSamples, timeSource);
  }

  @Override
  public DeviceDescriptor device() {
    return device;
  }

  @Override
  public PcmFormat format() {
    return line.format();
  }

  @Override
  public int periodSamples() {
    return periodSamples;
  }

  @Override
  public void start(CaptureListener listener) {
    reader.start(listener);
  }

  @Override
  public boolean stop(Duration timeout) throws InterruptedException {
    return reader.stop(timeout);
  }

  @Override
  public long periods() {
    return reader.periods();
  }

  @Override
  public Duration silenceTimeout(boolean first) {
    return first ? FIRST_PERIOD_TIMEOUT : PERIOD_TIMEOUT;
  }

  @Override
  public OptionalDouble clockPpm() {
    return reader.clockPpm();
  }

  @Override
  public void close() {
    line.close();
  }
}
