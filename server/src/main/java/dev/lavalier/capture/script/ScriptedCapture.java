package dev.lavalier.capture.script;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.Period;
import dev.lavalier.capture.line.SilenceDetector;
import dev.lavalier.common.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays a script in time, on a thread of its own, {@code lavalier-reader-<device>}. Sample n is
 * delivered when the device has captured it: n/rate seconds after the opening by the device's
 * clock, no matter how late the thread was before. So it loses only what the script says.
 */
final class ScriptedCapture implements Capture {

  private static final Logger log = LoggerFactory.getLogger(ScriptedCapture.class);

  /** The same times as those of a line. */
  private static final Duration FIRST_PERIOD_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration PERIOD_TIMEOUT = Duration.ofSeconds(3);

  /** What the source of the device does for its capture. */
  interface Owner {
    /** Called when the thread is started. */
    void onStarted();

    /** Called when the thread ends. */
    void onEnded();

    /** Removes the device from the list for a time. Does not block. */
    void unplug(Duration duration);
  }

  private final DeviceDescriptor device;
  private final PcmFormat format;
  private final double clockRate; // of the device, relative to the time source
  private final OptionalDouble clockPpm;
  private final ScriptPosition script;
  private final int periodSamples;
  private final TimeSource timeSource;
  private final Owner owner;
  private final long originNanos; // steady time of sample 0
  private final long originUnixNanos;
  private final SilenceDetector silence;
  private final Thread thread;
  private volatile boolean stopping;
  private volatile long periods;

  // Used only by the thread.
  private @Nullable CaptureListener listener; // null: not started; set before the thread starts
  private final byte[] pending; // the samples of the next period
  private int pendingSamples;
  private long position; // of the first of them
  private Loss loss = Loss.OVERRUN; // why samples are missing before them, if any are

  private boolean unplugged; // written by the thread, read after it has ended

  /**
   * Creates a capture that is not started. Its samples begin now.
   *
   * @param script the place at which to continue
   */
  ScriptedCapture(
      DeviceDescriptor device,
      double clockPpm,
      ScriptPosition script,
      Duration period,
      TimeSource timeSource,
      Owner owner) {
    this.device = device;
    this.format = device.captureFormat();
    this.clockRate = 1 + clockPpm / 1e6;
    this.clockPpm = clockPpm == 0 ? OptionalDouble.empty() : OptionalDouble.of(clockPpm);
    this.script = script;
    this.periodSamples = (int) Math.max(1, format.samplesIn(period.toNanos()));
    this.timeSource = timeSource;
    this.owner = owner;
    this.originNanos = timeSource.nanoTime();
    this.originUnixNanos = timeSource.unixNanos();
    this.silence = new SilenceDetector(format);
    this.pending = new byte[periodSamples * format.bytesPerSampleFrame()];
    this.thread = new Thread(this::run, "lavalier-reader-" + device.id());
    thread.setDaemon(true);
  }

  @Override
  public DeviceDescriptor device() {
    return device;
  }

  @Override
  public PcmFormat format() {
    return format;
  }

  @Override
  public int periodSamples() {
    return periodSamples;
  }

  @Override
  public void start(CaptureListener receiver) {
    listener = receiver;
    owner.onStarted();
    try {
      thread.start();
    } catch (RuntimeException | Error e) { // possibly no thread can be created
      owner.onEnded();
      throw e;
    }
  }

  private void run() {
    try {
      lose(play());
    } catch (IOException e) {
      lose(String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error e) { // the device must not stay open without a reader
      log.warn("playing the script of {} failed", device.id(), e);
      lose("processing its audio failed: " + e);
    } finally {
      owner.onEnded();
    }
  }

  private void lose(String reason) {
    if (!stopping) {
      listener.onLost(reason);
    }
  }

  /** Plays until the device is lost or this capture is stopped. Returns the reason of the loss. */
  private String play() throws IOException {
    while (!stopping) {
      Step step = script.next();
      if (step instanceof Step.Sound sound) {
        play(sound);
        continue;
      }
      deliver(); // a loss of the device and a clock step begin a new period
      if (step instanceof Step.Lost lost) {
        position += format.samplesIn(lost.nanos());
        loss = lost.loss();
      } else if (step instanceof Step.ClockStep clock) {
        script.stepClock(clock.nanos());
      } else {
        awaitCaptured(position);
        return step instanceof Step.Unplug unplug ? unplug(unplug) : "the script has ended";
      }
    }
    return "stopped";
  }

  private String unplug(Step.Unplug step) {
    if (stopping) {
      return "stopped";
    }
    unplugged = true;
    if (step.nanos() > 0) {
      owner.unplug(Duration.ofNanos(step.nanos()));
      return "the script has unplugged it";
    }
    return "the script has restarted it";
  }

  private void play(Step.Sound sound) throws IOException {
    try (SoundReader reader = SoundReader.open(sound, format)) {
      int count;
      do {
        int room = periodSamples - pendingSamples;
        count = reader.read(pending, pendingSamples * format.bytesPerSampleFrame(), room);
        pendingSamples += count;
        if (pendingSamples == periodSamples) {
          deliver();
        }
      } while (count > 0 && !stopping);
    }
  }

  private void deliver() {
    if (pendingSamples == 0) {
      return;
    }
    awaitCaptured(position + pendingSamples);
    if (stopping) {
      return;
    }
    byte[] pcm = Arrays.copyOf(pending, pendingSamples * format.bytesPerSampleFrame());
    long sinceOrigin = nanosOf(position);
    listener.onPeriod(
        new Period(
            pcm,
            pendingSamples,
            position,
            originNanos + sinceOrigin,
            originUnixNanos + sinceOrigin + script.clockStepNanos(),
            timeSource.nanoTime(),
            loss));
    loss = Loss.OVERRUN;
    position += pendingSamples;
    long count = periods + 1; // only this thread writes it
    periods = count;
    boolean wasSilent = silence.isSilent();
    silence.onPeriod(pcm, pendingSamples);
    if (silence.isSilent() != wasSilent) {
      listener.onSilence(!wasSilent);
    }
    pendingSamples = 0;
  }

  /** Returns the time from the opening to a sample, by the time source. */
  private long nanosOf(long sample) {
    return Math.round(format.nanosOf(sample) / clockRate);
  }

  /** Waits until the device has captured all samples before {@code end}, or is stopped. */
  private void awaitCaptured(long end) {
    long due = originNanos + nanosOf(end);
    while (!stopping && timeSource.nanoTime() < due) {
      timeSource.parkUntil(due);
    }
  }

  @Override
  public boolean stop(Duration timeout) throws InterruptedException {
    stopping = true;
    LockSupport.unpark(thread);
    thread.join(timeout.toMillis());
    return !thread.isAlive();
  }

  @Override
  public long periods() {
    return periods;
  }

  @Override
  public Duration silenceTimeout(boolean first) {
    return first ? FIRST_PERIOD_TIMEOUT : PERIOD_TIMEOUT;
  }

  @Override
  public OptionalDouble clockPpm() {
    return clockPpm;
  }

  @Override
  public void close() {
    if (!unplugged) {
      script.rewind();
    }
  }
}
