package dev.lavalier.capture;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.TimeSource;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.Control;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.Line;
import javax.sound.sampled.LineEvent;
import javax.sound.sampled.LineListener;
import javax.sound.sampled.LineUnavailableException;
import javax.sound.sampled.TargetDataLine;

/**
 * A capture line on a {@link VirtualDevice}'s signal, in real time on an absolute schedule: sample
 * n becomes available n/rate after {@code start}, however late the reads before it were. It never
 * overruns; a late reader finds the backlog, reported up to the buffer's size.
 *
 * <p>One thread reads; any thread may start, stop and close. {@code stop} and {@code close} release
 * a blocked read, which returns what it has. A signal that fails makes the read short, as a lost
 * device does.
 */
final class VirtualLine implements TargetDataLine {

  private final VirtualDevice device;
  private final TimeSource timeSource;
  private final Line.Info lineInfo;
  private final List<LineListener> listeners = new CopyOnWriteArrayList<>();

  // Guarded by this for writing.
  private volatile PcmFormat format;
  private volatile int bufferSize;
  private volatile VirtualDevice.SampleSource source; // null: closed
  private volatile boolean running;
  private volatile long startNanos;
  private volatile long startPosition; // samples read before the last start

  private volatile long position; // samples read since opening; written by the reading thread
  private volatile Thread readingThread;

  VirtualLine(VirtualDevice device, TimeSource timeSource, Line.Info lineInfo) {
    this.device = device;
    this.timeSource = timeSource;
    this.lineInfo = lineInfo;
  }

  @Override
  public synchronized void open(AudioFormat requested, int requestedBufferSize)
      throws LineUnavailableException {
    if (source != null) {
      throw new IllegalStateException("line: already open");
    }
    PcmFormat pcm =
        JavaSoundFormats.fromJavaSound(requested)
            .filter(f -> device.formats().stream().anyMatch(o -> o.matches(f)))
            .orElseThrow(
                () ->
                    new LineUnavailableException("line with format " + requested + " not supported"));
    try {
      source = device.open(pcm);
    } catch (IOException e) {
      LineUnavailableException failure = new LineUnavailableException(e.getMessage());
      failure.initCause(e);
      throw failure;
    }
    format = pcm;
    bufferSize = Math.max(1, requestedBufferSize / pcm.bytesPerSampleFrame()) * pcm.bytesPerSampleFrame();
    position = 0;
    fireEvent(LineEvent.Type.OPEN);
  }

  @Override
  public void open(AudioFormat requested) throws LineUnavailableException {
    PcmFormat pcm = JavaSoundFormats.fromJavaSound(requested).orElse(null);
    open(requested, pcm == null ? 0 : pcm.sampleRateHz() / 2 * pcm.bytesPerSampleFrame());
  }

  @Override
  public void open() throws LineUnavailableException {
    open(getFormat());
  }

  @Override
  public synchronized void start() {
    if (source != null && !running) {
      startPosition = position;
      startNanos = timeSource.nanoTime();
      running = true;
      fireEvent(LineEvent.Type.START);
    }
  }

  @Override
  public synchronized void stop() {
    if (running) {
      running = false;
      LockSupport.unpark(readingThread);
      fireEvent(LineEvent.Type.STOP);
    }
  }

  @Override
  public synchronized void close() {
    stop();
    VirtualDevice.SampleSource current = source;
    source = null;
    if (current == null) {
      return;
    }
    try {
      current.close();
    } catch (IOException e) {
      // Nothing of the signal is wanted any more, and closing cannot be tried twice.
    }
    fireEvent(LineEvent.Type.CLOSE);
  }

  @Override
  public int read(byte[] to, int offset, int length) {
    PcmFormat pcm = format;
    if (pcm == null || length % pcm.bytesPerSampleFrame() != 0) {
      throw new IllegalArgumentException("length: " + length + " (expected: whole samples)");
    }
    readingThread = Thread.currentThread();
    try {
      long requested = length / pcm.bytesPerSampleFrame();
      while (running && samplesElapsed(pcm) - position < requested) {
        // One nanosecond more, against the rounding of nanosOf.
        timeSource.parkUntil(startNanos + pcm.nanosOf(position + requested - startPosition) + 1);
      }
      long ready = running ? requested : Math.min(requested, available() / pcm.bytesPerSampleFrame());
      return readSamples(to, offset, (int) ready * pcm.bytesPerSampleFrame(), pcm);
    } finally {
      readingThread = null;
    }
  }

  private int readSamples(byte[] to, int offset, int length, PcmFormat pcm) {
    VirtualDevice.SampleSource current = source;
    if (current == null) {
      return 0;
    }
    try {
      current.read(to, offset, length);
    } catch (IOException e) {
      return 0;
    }
    long newPosition = position + length / pcm.bytesPerSampleFrame(); // this thread alone writes it
    position = newPosition;
    return length;
  }

  private long samplesElapsed(PcmFormat pcm) {
    return startPosition + pcm.samplesIn(timeSource.nanoTime() - startNanos);
  }

  @Override
  public int available() {
    PcmFormat pcm = format;
    if (source == null || !running) {
      return 0;
    }
    return (int) Math.min(bufferSize, (samplesElapsed(pcm) - position) * pcm.bytesPerSampleFrame());
  }

  @Override
  public long getLongFramePosition() {
    PcmFormat pcm = format;
    return pcm == null ? 0 : position + available() / pcm.bytesPerSampleFrame();
  }

  @Override
  public int getFramePosition() {
    return (int) getLongFramePosition();
  }

  @Override
  public long getMicrosecondPosition() {
    PcmFormat pcm = format;
    return pcm == null ? 0 : pcm.nanosOf(getLongFramePosition()) / 1000;
  }

  @Override
  public AudioFormat getFormat() {
    PcmFormat pcm = format;
    return pcm != null
        ? JavaSoundFormats.toJavaSound(pcm)
        : JavaSoundFormats.toJavaSound(
            SupportedFormat.closest(
                    new PcmFormat(device.formats().get(0).encoding(), 48_000, 2), device.formats())
                .orElseThrow());
  }

  @Override
  public int getBufferSize() {
    return bufferSize;
  }

  @Override
  public boolean isOpen() {
    return source != null;
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public boolean isActive() {
    return running;
  }

  @Override
  public synchronized void flush() {
    startPosition = position;
    startNanos = timeSource.nanoTime();
  }

  @Override
  public void drain() {}

  @Override
  public float getLevel() {
    return AudioSystem.NOT_SPECIFIED;
  }

  @Override
  public Line.Info getLineInfo() {
    return lineInfo;
  }

  @Override
  public Control[] getControls() {
    return new Control[0];
  }

  @Override
  public boolean isControlSupported(Control.Type control) {
    return false;
  }

  @Override
  public Control getControl(Control.Type control) {
    throw new IllegalArgumentException("control: " + control + " (expected: none)");
  }

  @Override
  public void addLineListener(LineListener listener) {
    listeners.add(listener);
  }

  @Override
  public void removeLineListener(LineListener listener) {
    listeners.remove(listener);
  }

  private void fireEvent(LineEvent.Type type) {
    if (listeners.isEmpty()) {
      return;
    }
    LineEvent event = new LineEvent(this, type, getLongFramePosition());
    listeners.forEach(l -> l.update(event));
  }

  /** For {@link DataLine}'s users who print lines. */
  @Override
  public String toString() {
    return "VirtualLine(" + device.name() + ")";
  }
}
