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
  private final TimeSource ticker;
  private final Line.Info lineInfo;
  private final List<LineListener> listeners = new CopyOnWriteArrayList<>();

  // Guarded by this for writing.
  private volatile PcmFormat format;
  private volatile int bufferSize;
  private volatile VirtualDevice.Signal signal; // null: closed
  private volatile boolean running;
  private volatile long startNanos;
  private volatile long startPosition; // samples read before the last start

  private volatile long position; // samples read since opening; written by the reading thread
  private volatile Thread reading;

  VirtualLine(VirtualDevice device, TimeSource ticker, Line.Info lineInfo) {
    this.device = device;
    this.ticker = ticker;
    this.lineInfo = lineInfo;
  }

  @Override
  public synchronized void open(AudioFormat wanted, int wantedBufferSize)
      throws LineUnavailableException {
    if (signal != null) {
      throw new IllegalStateException("line: already open");
    }
    PcmFormat pcm =
        SoundFormats.fromJavaSound(wanted)
            .filter(f -> device.formats().stream().anyMatch(o -> o.covers(f)))
            .orElseThrow(
                () ->
                    new LineUnavailableException("line with format " + wanted + " not supported"));
    try {
      signal = device.open(pcm);
    } catch (IOException e) {
      LineUnavailableException refused = new LineUnavailableException(e.getMessage());
      refused.initCause(e);
      throw refused;
    }
    format = pcm;
    bufferSize = Math.max(1, wantedBufferSize / pcm.bytesPerSampleFrame()) * pcm.bytesPerSampleFrame();
    position = 0;
    tell(LineEvent.Type.OPEN);
  }

  @Override
  public void open(AudioFormat wanted) throws LineUnavailableException {
    PcmFormat pcm = SoundFormats.fromJavaSound(wanted).orElse(null);
    open(wanted, pcm == null ? 0 : pcm.sampleRateHz() / 2 * pcm.bytesPerSampleFrame());
  }

  @Override
  public void open() throws LineUnavailableException {
    open(getFormat());
  }

  @Override
  public synchronized void start() {
    if (signal != null && !running) {
      startPosition = position;
      startNanos = ticker.nanoTime();
      running = true;
      tell(LineEvent.Type.START);
    }
  }

  @Override
  public synchronized void stop() {
    if (running) {
      running = false;
      LockSupport.unpark(reading);
      tell(LineEvent.Type.STOP);
    }
  }

  @Override
  public synchronized void close() {
    stop();
    VirtualDevice.Signal open = signal;
    signal = null;
    if (open == null) {
      return;
    }
    try {
      open.close();
    } catch (IOException e) {
      // Nothing of the signal is wanted any more, and closing cannot be tried twice.
    }
    tell(LineEvent.Type.CLOSE);
  }

  @Override
  public int read(byte[] to, int offset, int length) {
    PcmFormat pcm = format;
    if (pcm == null || length % pcm.bytesPerSampleFrame() != 0) {
      throw new IllegalArgumentException("length: " + length + " (expected: whole samples)");
    }
    reading = Thread.currentThread();
    try {
      long wanted = length / pcm.bytesPerSampleFrame();
      while (running && elapsedSamples(pcm) - position < wanted) {
        // One nanosecond more, against the rounding of nanosOf.
        ticker.parkUntil(startNanos + pcm.nanosOf(position + wanted - startPosition) + 1);
      }
      long ready = running ? wanted : Math.min(wanted, available() / pcm.bytesPerSampleFrame());
      return take(to, offset, (int) ready * pcm.bytesPerSampleFrame(), pcm);
    } finally {
      reading = null;
    }
  }

  private int take(byte[] to, int offset, int length, PcmFormat pcm) {
    VirtualDevice.Signal open = signal;
    if (open == null) {
      return 0;
    }
    try {
      open.read(to, offset, length);
    } catch (IOException e) {
      return 0;
    }
    long after = position + length / pcm.bytesPerSampleFrame(); // this thread alone writes it
    position = after;
    return length;
  }

  private long elapsedSamples(PcmFormat pcm) {
    return startPosition + pcm.samplesIn(ticker.nanoTime() - startNanos);
  }

  @Override
  public int available() {
    PcmFormat pcm = format;
    if (signal == null || !running) {
      return 0;
    }
    return (int) Math.min(bufferSize, (elapsedSamples(pcm) - position) * pcm.bytesPerSampleFrame());
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
        ? SoundFormats.toJavaSound(pcm)
        : SoundFormats.toJavaSound(
            OfferedFormat.nearest(
                    new PcmFormat(device.formats().get(0).encoding(), 48_000, 2), device.formats())
                .orElseThrow());
  }

  @Override
  public int getBufferSize() {
    return bufferSize;
  }

  @Override
  public boolean isOpen() {
    return signal != null;
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
    startNanos = ticker.nanoTime();
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

  private void tell(LineEvent.Type type) {
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
