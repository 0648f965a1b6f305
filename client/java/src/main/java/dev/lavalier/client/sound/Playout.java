package dev.lavalier.client.sound;

import dev.lavalier.client.PcmFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Keeps a line's queue as short as the way of the frames allows. One thread; 16-bit samples.
 *
 * <p>The queue is lowest just before a frame is written. That low mark, the least of each second,
 * is held at a target:
 *
 * <ul>
 *   <li>Where the line has run dry, the target grows by half, to 500 ms at most, and silence fills
 *       the queue up to it.
 *   <li>After every 10 s without that it shrinks by a tenth, down to where it began.
 *   <li>Where the mark is more than a frame off the target, as two clocks bring about, one sample
 *       in 100 ms, about what two crystals differ, is left out or repeated, where the signal moves
 *       least, until it is met.
 *   <li>Where it is more than 40 ms above, or the queue more than 250 ms, as where the sound server
 *       began late or the network stalled, whole frames are left out at once until it is met.
 *   <li>Where 2 s of frames were left out in a row, the line stands still: PulseAudio's, once it
 *       ran dry unseen, plays on only when it is full. It counts as run dry, and silence fills it.
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

  private long target; // samples per channel, as all counts
  private boolean started;
  private long lowMark = Long.MAX_VALUE;
  private long windowSamples; // of this second; below 0 while a line that was begun settles
  private long stableSamples;
  private long pendingCorrection; // to be left out; where negative, to be repeated
  private long samplesSinceCorrection;
  private boolean dropping; // frames are left out until the target is met
  private long droppedInARow; // samples of theirs in a row

  private int underruns;
  private long skippedFrames;
  private long correctedSamples;

  private byte[] buffer = {};

  /** Plays into a line with a target of so many milliseconds, 1 to 500, at first. */
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

  /** Plays silence in place of samples that are missing; no more than makes a whole queue. */
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

  /** Returns whether a frame is to be left out. */
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
   * Leaves out a sample, or repeats one, where that makes the smallest step; returns the length.
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

  /** Returns where the sample is that differs least from the one before it. */
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

  /** Returns how it has gone so far. */
  Player.PlaybackStats stats() {
    return new Player.PlaybackStats(
        underruns, skippedFrames, correctedSamples, (int) (target * 1_000 / format.sampleRateHz()));
  }
}
