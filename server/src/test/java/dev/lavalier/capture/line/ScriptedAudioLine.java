package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/**
 * A capture line whose faults a test scripts. It captures samples on a clock of its own and, unlike
 * a virtual line, loses those that its buffer cannot hold. Every sample contains its serial number,
 * so that a test knows when it was captured ({@link #serialOf}, {@link #captureNanosOf}).
 *
 * <p>Waits in {@code timeSource}. If {@code parkUntil} of that advances the time, no thread is
 * necessary. One thread calls all methods.
 */
public final class ScriptedAudioLine implements AudioLine {

  /** What a full line loses. */
  public enum Overrun {
    /** The samples that do not fit. */
    NEWEST,
    /** The samples that are overwritten. */
    OLDEST,
    /** Everything that it holds. It then seems full until it is read, as ALSA does in Java. */
    ALL,
    /** Nothing: the samples wait in front of the line, as in a sound server. */
    NOTHING
  }

  /** A call of the line that can fail or take long. */
  public enum Call {
    START,
    AVAILABLE,
    READ
  }

  private static final long WAIT_NANOS = 1_000_000;
  private static final int MAX_WAITING_SAMPLES = 1 << 20;

  private final PcmFormat format;
  private final int bufferSamples;
  private final TimeSource timeSource;
  private final Map<Call, Throwable> failures = new EnumMap<>(Call.class);
  private final Map<Call, Duration> delays = new EnumMap<>(Call.class);

  private Overrun overrun = Overrun.NEWEST;
  private double ppm;
  private long burstSamples = 1;
  private long startDelayNanos;
  private boolean resumable = true;

  private boolean running;
  private long startNanos;
  private long stalledUntil = Long.MIN_VALUE;
  private boolean suspended;
  private boolean xrun;
  private long nextSerial; // of the next sample that arrives
  private long lost;
  private final int[] held = new int[MAX_WAITING_SAMPLES]; // serials, a ring
  private long head; // samples read
  private long tail; // samples that arrived and were kept

  /**
   * Creates a line that is open.
   *
   * @param format with 4 bytes in a sample, every serial number fits
   */
  public ScriptedAudioLine(PcmFormat format, int bufferSamples, TimeSource timeSource) {
    this.format = format;
    this.bufferSamples = bufferSamples;
    this.timeSource = timeSource;
  }

  /** Sets what the line loses when it is full; {@link Overrun#NEWEST} by default. */
  public ScriptedAudioLine overruns(Overrun what) {
    overrun = what;
    return this;
  }

  /** Sets how much too fast the device's clock runs, in ppm. */
  public ScriptedAudioLine drifts(double by) {
    ppm = by;
    return this;
  }

  /** Lets samples arrive in bursts of this length. */
  public ScriptedAudioLine bursts(Duration length) {
    burstSamples = Math.max(1, format.samplesIn(length.toNanos()));
    return this;
  }

  /** Sets how long the device needs after its start until it captures. */
  public ScriptedAudioLine startsAfter(Duration delay) {
    startDelayNanos = delay.toNanos();
    return this;
  }

  /** Sets whether a read resumes the line after {@link #suspend}; otherwise the read fails. */
  public ScriptedAudioLine resumable(boolean value) {
    resumable = value;
    return this;
  }

  /** Makes every call of this kind fail with an exception or error that is not checked. */
  public ScriptedAudioLine fails(Call call, Throwable failure) {
    failures.put(call, failure);
    return this;
  }

  /** Makes the next call of this kind take a time, or until the line is stopped. */
  public ScriptedAudioLine hangs(Call call, Duration time) {
    delays.put(call, time);
    return this;
  }

  /** Lets the device stall for a time. What it captured meanwhile arrives afterwards, at once. */
  public void stall(Duration time) {
    arrive();
    stalledUntil = timeSource.nanoTime() + time.toNanos();
  }

  /** Lets the device lose what it captures next. */
  public void lose(Duration time) {
    arrive();
    long samples = format.samplesIn(time.toNanos());
    nextSerial += samples;
    lost += samples;
  }

  /** Lets the device deliver nothing until it is read once. It loses what it does not capture. */
  public void suspend() {
    arrive();
    suspended = true;
  }

  /** Returns how many samples the device has lost. */
  public long lost() {
    arrive();
    return lost;
  }

  /** Returns the serial number of the first sample in a buffer that this line filled. */
  public long serialOf(byte[] pcm) {
    long serial = 0;
    int width = format.encoding().bytesPerSample();
    for (int i = width - 1; i >= 0; i--) {
      serial = serial << 8 | (pcm[i] & 0xff);
    }
    return serial;
  }

  /** Returns the steady time at which the sample with this serial number was captured. */
  public long captureNanosOf(long serial) {
    return startNanos + Math.round(serial * 1e9 / format.sampleRateHz() / (1 + ppm / 1e6));
  }

  private long captured() {
    long elapsed = timeSource.nanoTime() - startNanos;
    return elapsed <= 0
        ? 0
        : (long) Math.floor(elapsed * 1e-9 * format.sampleRateHz() * (1 + ppm / 1e6));
  }

  /** Moves what the device captured until now to the line. */
  private void arrive() {
    if (!running) {
      return;
    }
    long until = captured() / burstSamples * burstSamples;
    if (suspended) {
      lost += Math.max(0, until - nextSerial);
      nextSerial = Math.max(nextSerial, until);
    } else if (timeSource.nanoTime() >= stalledUntil) {
      while (nextSerial < until) {
        keep((int) nextSerial++);
      }
    }
  }

  private void keep(int serial) {
    if (xrun) {
      lost++;
      return;
    }
    if (overrun != Overrun.NOTHING && tail - head == bufferSamples) {
      switch (overrun) {
        case NEWEST -> {
          lost++;
          return;
        }
        case OLDEST -> {
          lost++;
          head++;
        }
        default -> {
          xrun = true;
          lost += tail - head + 1;
          head = tail;
          return;
        }
      }
    }
    held[(int) (tail++ % MAX_WAITING_SAMPLES)] = serial;
  }

  private void enter(Call call) {
    Duration delay = delays.remove(call);
    if (delay != null) {
      long end = timeSource.nanoTime() + delay.toNanos();
      while (timeSource.nanoTime() < end && (running || call == Call.START)) {
        timeSource.parkUntil(Math.min(end, timeSource.nanoTime() + WAIT_NANOS));
      }
    }
    Throwable failure = failures.get(call);
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
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
  public void start() {
    enter(Call.START);
    startNanos = timeSource.nanoTime() + startDelayNanos;
    running = true;
  }

  @Override
  public int available() {
    enter(Call.AVAILABLE);
    arrive();
    if (suspended) {
      return 0;
    }
    return xrun ? bufferSamples : (int) Math.min(bufferSamples, tail - head);
  }

  @Override
  public int read(byte[] buffer) {
    enter(Call.READ);
    arrive();
    if (suspended && !resumable) {
      return 0;
    }
    suspended = false;
    xrun = false;
    int step = format.bytesPerSampleFrame();
    int wanted = buffer.length / step;
    while (running && tail - head < wanted) {
      timeSource.parkUntil(timeSource.nanoTime() + WAIT_NANOS);
      arrive();
      xrun = false; // a read resumes the line at once
    }
    int read = (int) Math.min(wanted, tail - head);
    int width = format.encoding().bytesPerSample();
    for (int sample = 0; sample < read; sample++) {
      int serial = held[(int) (head++ % MAX_WAITING_SAMPLES)];
      for (int i = 0; i < step; i++) {
        buffer[sample * step + i] = (byte) (serial >> (8 * (i % width)));
      }
    }
    return read;
  }

  @Override
  public void stop() {
    arrive();
    running = false;
  }

  @Override
  public void close() {
    running = false;
  }
}
