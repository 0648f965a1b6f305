package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.OptionalDouble;

/**
 * A {@link LineCapture} without a thread: its user runs the steps of the reader. Used by one
 * thread.
 */
public final class SteppedCapture implements Capture {

  /** Runs the steps of a capture. */
  public interface Reader {
    /** Called when the capture was started; {@link SteppedCapture#run} does the first step. */
    void onStart(SteppedCapture capture);

    /** Called when the capture was stopped. Returns whether its thread has ended. */
    boolean onStop(SteppedCapture capture);
  }

  private final LineCapture settings; // for the values that do not need a thread
  private final AudioLine line;
  private final LineReading reading;
  private final Reader reader;
  private CaptureListener listener;
  private boolean started;

  /** Creates a capture that is not started. */
  public SteppedCapture(
      DeviceDescriptor device,
      AudioLine line,
      Duration period,
      TimeSource timeSource,
      Reader reader) {
    this.settings = new LineCapture(device, line, period, timeSource);
    this.line = line;
    this.reading = new LineReading(line, device.id(), settings.periodSamples(), timeSource);
    this.reader = reader;
  }

  /**
   * Runs one step of the capture thread.
   *
   * @return the steady time of the next step; without meaning if it has {@link #ended}
   */
  public long run() {
    if (!started) {
      started = true;
      reading.start(listener);
      return Long.MIN_VALUE;
    }
    return reading.step();
  }

  /** Returns whether the capture thread has nothing more to do. */
  public boolean ended() {
    return reading.ended();
  }

  /** Returns the receiver of the periods; null before the start. */
  public CaptureListener listener() {
    return listener;
  }

  @Override
  public void start(CaptureListener receiver) {
    listener = receiver;
    reader.onStart(this);
  }

  @Override
  public boolean stop(Duration timeout) {
    reading.stop();
    line.stop();
    return reader.onStop(this);
  }

  @Override
  public DeviceDescriptor device() {
    return settings.device();
  }

  @Override
  public PcmFormat format() {
    return settings.format();
  }

  @Override
  public int periodSamples() {
    return settings.periodSamples();
  }

  @Override
  public long periods() {
    return reading.periods();
  }

  @Override
  public Duration silenceTimeout(boolean first) {
    return settings.silenceTimeout(first);
  }

  @Override
  public OptionalDouble clockPpm() {
    return reading.clockPpm();
  }

  @Override
  public void close() {
    line.close();
  }
}
