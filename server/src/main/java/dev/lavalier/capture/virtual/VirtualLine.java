package dev.lavalier.capture.virtual;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.line.AudioLine;
import dev.lavalier.common.TimeSource;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Plays the samples of a {@link VirtualDevice} in real time, on an absolute schedule: sample n
 * becomes available n/rate seconds after {@link #start}, regardless of how late earlier reads were.
 * It never overruns. A late reader gets the whole backlog; {@link #available} reports it up to the
 * size of the buffer.
 *
 * <p>If the source fails, so does the read.
 */
public final class VirtualLine implements AudioLine {

  private final PcmFormat format;
  private final int bufferSamples;
  private final TimeSource timeSource;

  // Written under this object's lock.
  private volatile VirtualDevice.@Nullable SampleSource source; // null: closed
  private volatile boolean running;
  private volatile long startNanos;

  private volatile long position; // samples read since opening; written by the reading thread
  private volatile @Nullable Thread reading; // null: no read is in progress

  private VirtualLine(
      VirtualDevice.SampleSource source,
      PcmFormat format,
      int bufferSamples,
      TimeSource timeSource) {
    this.source = source;
    this.format = format;
    this.bufferSamples = bufferSamples;
    this.timeSource = timeSource;
  }

  /**
   * Opens a line at the beginning of the device's samples.
   *
   * @param format one of the device's {@link VirtualDevice#formats}
   * @param bufferSamples the most that {@link #available} reports, 1 or more
   * @throws IOException if the device cannot provide its samples
   */
  public static VirtualLine open(
      VirtualDevice device, PcmFormat format, int bufferSamples, TimeSource timeSource)
      throws IOException {
    return new VirtualLine(device.open(format), format, bufferSamples, timeSource);
  }

  @Override
  public PcmFormat format() {
    return format;
  }

  @Override
  public int bufferSamples() {
    return bufferSamples;
  }

  @Override
  public synchronized void start() {
    if (source != null && !running) {
      startNanos = timeSource.nanoTime();
      running = true;
    }
  }

  @Override
  public synchronized void stop() {
    if (running) {
      running = false;
      LockSupport.unpark(reading);
    }
  }

  @Override
  public synchronized void close() {
    stop();
    VirtualDevice.@Nullable SampleSource open = source;
    source = null;
    if (open == null) {
      return;
    }
    try {
      open.close();
    } catch (IOException e) {
      // The source is not used any more, and closing it cannot be retried.
    }
  }

  @Override
  public int read(byte[] buffer) throws IOException {
    int requested = buffer.length / format.bytesPerSampleFrame();
    reading = Thread.currentThread();
    try {
      while (running && samplesElapsed() - position < requested) {
        // One nanosecond more, because nanosOf rounds down.
        timeSource.parkUntil(startNanos + format.nanosOf(position + requested) + 1);
      }
      return readSamples(buffer, running ? requested : Math.min(requested, available()));
    } finally {
      reading = null;
    }
  }

  private int readSamples(byte[] buffer, int samples) throws IOException {
    VirtualDevice.@Nullable SampleSource open = source;
    if (open == null) {
      return 0;
    }
    open.read(buffer, 0, samples * format.bytesPerSampleFrame());
    long after = position + samples; // only this thread writes it
    position = after;
    return samples;
  }

  private long samplesElapsed() {
    return format.samplesIn(timeSource.nanoTime() - startNanos);
  }

  @Override
  public int available() {
    return source == null || !running
        ? 0
        : (int) Math.min(bufferSamples, samplesElapsed() - position);
  }
}
