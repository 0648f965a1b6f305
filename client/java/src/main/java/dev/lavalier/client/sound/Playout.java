package dev.lavalier.client.sound;

import dev.lavalier.client.PcmFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Keeps the queue of a line as short as the jitter of the frames permits. For use by one thread;
 * plays 16-bit samples.
 *
 * <p>The queue is lowest just before a frame is written. The low mark is the minimum of each
 * second. It is kept at a target:
 *
 * <ul>
 *   <li>After an underrun, the target grows by half, to at most 500 ms, and silence fills the queue
 *       up to the target.
 *   <li>After every 10 s without an underrun, the target shrinks by a tenth, down to its initial
 *       value.
 *   <li>If the low mark differs from the target by more than a frame, because the two clocks
 *       differ, one sample in 100 ms is dropped or repeated until the target is met. This rate is
 *       about the difference of two crystals. The sample is taken at the smallest step of the
 *       signal.
 *   <li>If the low mark is more than 40 ms above the target, or the queue more than 250 ms, whole
 *       frames are dropped at once until the target is met. The sound server may have started late,
 *       or the network may have stalled.
 *   <li>If 2 s of frames were dropped in a row, the line has stalled: a PulseAudio line that
 *       underran without notice resumes only when it is full. The stall counts as an underrun, and
 *       silence fills the line.
 * </ul>
 */
final class Playout {

  private static final int MAX_TARGET_MS = Player.MAX_BUFFER_MS;
  private static final int MAX_QUEUE_ABOVE_TARGET_MS = 250;
  private static final int DROP_ABOVE_TARGET_MS = 40;
  private static final int CORRECTION_INTERVAL_MS = 100;
  private static final int SETTLING_MS = 500;
  private static final int STALL_MS = 2_000;
  private static final int STABLE_SECONDS = 10;
  private static final int SILENCE_SAMPLES = 480;

  private final OutputLine line;
  private final PcmFormat format;
  private final int bytesPerSampleFrame;
  private final long minTarget;

  private long target; // samples per channel, like all counts
  private boolean started;
  private long lowMark = Long.MAX_VALUE;
  private long windowSamples; // of this second; negative while a started line settles
  private long stableSamples;
  private long pendingCorrection; // samples to drop; if negative, to repeat
  private long samplesSinceCorrection;
  private boolean dropping; // frames are dropped until the target is met
  private long droppedInARow; // samples in consecutive dropped frames

  private int underruns;
  private long skippedFrames;
  private long correctedSamples;

  private byte[] buffer = {};

  /**
   * Creates a playout to a line; {@code bufferMs} is the initial target in milliseconds, 1 to 500.
   */
  Playout(OutputLine line, PcmFormat format, int bufferMs) {
    this.line = line;
    this.format = format;
    this.bytesPerSampleFrame = format.bytesPerSampleFrame();
    this.minTarget = samples(bufferMs);
    this.target = minTarget;
  }

  private long samples(long millis) {
    return millis * format.sampleRateHz() / 1_000;
  }

  /** Plays a frame of 16-bit samples. */
  void play(ByteBuffer pcm) throws IOException {
    long queued = line.queuedSamples();
    int count = pcm.remaining() / bytesPerSampleFrame;
    if (queued == 0) {
      restart();
      queued = target;
    } else if (droppedInARow >= samples(STALL_MS)) {
      droppedInARow = 0;
      growTarget();
      writeSilence(samples(SoundCardLine.BUFFER_MS) - queued);
    }
    if (shouldDrop(queued, count)) {
      skippedFrames++;
      droppedInARow += count;
      return;
    }
    droppedInARow = 0;
    updateLowMark(queued, count);
    int length = copy(pcm);
    samplesSinceCorrection += count;
    if (pendingCorrection != 0 && samplesSinceCorrection >= samples(CORRECTION_INTERVAL_MS)) {
      length = correct(length);
      samplesSinceCorrection = 0;
    }
    line.write(buffer, length);
  }

  /** Plays silence in place of missing samples, at most until the queue reaches the target. */
  void playSilence(long missing) throws IOException {
    writeSilence(Math.min(missing, Math.max(0, target - line.queuedSamples())));
  }

  private void restart() throws IOException {
    if (started) {
      growTarget();
    }
    started = true;
    line.restart((int) target);
    startWindow(-samples(SETTLING_MS));
    pendingCorrection = 0;
    dropping = false;
  }

  private void growTarget() {
    underruns++;
    target = Math.min(samples(MAX_TARGET_MS), target + target / 2);
    stableSamples = 0;
  }

  /** Returns whether to drop a frame. */
  private boolean shouldDrop(long queued, int count) {
    if (queued > target + samples(MAX_QUEUE_ABOVE_TARGET_MS)) {
      dropping = true;
    } else if (dropping && queued < target + count) {
      dropping = false;
      startWindow(0);
      pendingCorrection = 0;
    }
    return dropping;
  }

  private void startWindow(long from) {
    lowMark = Long.MAX_VALUE;
    windowSamples = from;
  }

  private void updateLowMark(long queued, int count) {
    if (windowSamples >= 0) {
      lowMark = Math.min(lowMark, queued);
    }
    windowSamples += count;
    stableSamples += count;
    if (stableSamples >= (long) STABLE_SECONDS * format.sampleRateHz()) {
      stableSamples = 0;
      target = Math.max(minTarget, target - target / 10);
    }
    if (windowSamples >= format.sampleRateHz()) {
      long excess = lowMark - target;
      dropping = excess > Math.max(samples(DROP_ABOVE_TARGET_MS), count);
      boolean drifted = Math.abs(excess) > count || pendingCorrection != 0;
      pendingCorrection = drifted && !dropping ? excess : 0;
      startWindow(0);
    }
  }

  private int copy(ByteBuffer pcm) {
    int length = pcm.remaining();
    if (buffer.length < length + bytesPerSampleFrame) {
      buffer = new byte[length + bytesPerSampleFrame];
    }
    pcm.get(buffer, 0, length);
    return length;
  }

  /**
   * Drops or repeats a sample at the smallest step of the signal; returns the new length in bytes.
   */
  private int correct(int length) {
    int at = smallestStepIndex(length);
    correctedSamples++;
    if (pendingCorrection > 0) {
      pendingCorrection--;
      System.arraycopy(
          buffer, at + bytesPerSampleFrame, buffer, at, length - at - bytesPerSampleFrame);
      return length - bytesPerSampleFrame;
    }
    pendingCorrection++;
    System.arraycopy(buffer, at, buffer, at + bytesPerSampleFrame, length - at);
    return length + bytesPerSampleFrame;
  }

  /** Returns the byte index of the sample that differs least from the previous one. */
  private int smallestStepIndex(int length) {
    ByteBuffer pcm = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
    int bestIndex = 0;
    long smallestStep = Long.MAX_VALUE;
    for (int at = bytesPerSampleFrame; at < length; at += bytesPerSampleFrame) {
      long step = 0;
      for (int k = at; k < at + bytesPerSampleFrame; k += 2) {
        step += Math.abs(pcm.getShort(k) - pcm.getShort(k - bytesPerSampleFrame));
      }
      if (step < smallestStep) {
        smallestStep = step;
        bestIndex = at;
      }
    }
    return bestIndex;
  }

  private void writeSilence(long count) throws IOException {
    byte[] silence = new byte[SILENCE_SAMPLES * bytesPerSampleFrame];
    for (long remaining = count; remaining > 0; remaining -= SILENCE_SAMPLES) {
      line.write(silence, (int) Math.min(remaining, SILENCE_SAMPLES) * bytesPerSampleFrame);
    }
  }

  /** Returns the statistics so far. */
  Player.PlaybackStats stats() {
    return new Player.PlaybackStats(
        underruns, skippedFrames, correctedSamples, (int) (target * 1_000 / format.sampleRateHz()));
  }
}
