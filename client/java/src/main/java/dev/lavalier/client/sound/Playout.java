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

  private static final int LONGEST_MS = Player.LONGEST_BUFFER_MS;
  private static final int SURPLUS_MS = 250;
  private static final int EXCESS_MS = 40;
  private static final int CORRECTION_EVERY_MS = 100;
  private static final int SETTLING_MS = 500;
  private static final int STANDSTILL_MS = 2_000;
  private static final int CALM_SECONDS = 10;
  private static final int SILENCE_SAMPLES = 480;

  private final OutputLine line;
  private final PcmFormat format;
  private final int bytesPerSample;
  private final long leastTarget;

  private long target; // samples per channel, as all counts
  private boolean begun;
  private long lowMark = Long.MAX_VALUE;
  private long markedSamples; // of this second; below 0 while a line that was begun settles
  private long calmSamples;
  private long correction; // to be left out; where negative, to be repeated
  private long sinceCorrection;
  private boolean draining; // frames are left out until the target is met
  private long drained; // samples of theirs in a row

  private int underruns;
  private long skippedFrames;
  private long corrected;

  private byte[] buffer = {};

  /** Plays into a line with a target of so many milliseconds, 1 to 500, at first. */
  Playout(OutputLine line, PcmFormat format, int bufferMs) {
    this.line = line;
    this.format = format;
    this.bytesPerSample = format.bytesPerSampleFrame();
    this.leastTarget = samples(bufferMs);
    this.target = leastTarget;
  }

  private long samples(long millis) {
    return millis * format.sampleRateHz() / 1_000;
  }

  /** Plays a frame of 16-bit samples. */
  void play(ByteBuffer pcm) throws IOException {
    long queued = line.queued();
    int count = pcm.remaining() / bytesPerSample;
    if (queued == 0) {
      refill();
      queued = target;
    } else if (drained >= samples(STANDSTILL_MS)) {
      drained = 0;
      grow();
      writeSilence(samples(SoundCardLine.ROOM_MS) - queued);
    }
    if (drains(queued, count)) {
      skippedFrames++;
      drained += count;
      return;
    }
    drained = 0;
    mark(queued, count);
    int length = copy(pcm);
    sinceCorrection += count;
    if (correction != 0 && sinceCorrection >= samples(CORRECTION_EVERY_MS)) {
      length = correct(length);
      sinceCorrection = 0;
    }
    line.write(buffer, length);
  }

  /** Plays silence in place of samples that are missing; no more than makes a whole queue. */
  void playSilence(long missing) throws IOException {
    writeSilence(Math.min(missing, Math.max(0, target - line.queued())));
  }

  private void refill() throws IOException {
    if (begun) {
      grow();
    }
    begun = true;
    line.restart((int) target);
    beginMarking(-samples(SETTLING_MS));
    correction = 0;
    draining = false;
  }

  private void grow() {
    underruns++;
    target = Math.min(samples(LONGEST_MS), target + target / 2);
    calmSamples = 0;
  }

  /** Returns whether a frame is to be left out. */
  private boolean drains(long queued, int count) {
    if (queued > target + samples(SURPLUS_MS)) {
      draining = true;
    } else if (draining && queued < target + count) {
      draining = false;
      beginMarking(0);
      correction = 0;
    }
    return draining;
  }

  private void beginMarking(long from) {
    lowMark = Long.MAX_VALUE;
    markedSamples = from;
  }

  private void mark(long queued, int count) {
    if (markedSamples >= 0) {
      lowMark = Math.min(lowMark, queued);
    }
    markedSamples += count;
    calmSamples += count;
    if (calmSamples >= (long) CALM_SECONDS * format.sampleRateHz()) {
      calmSamples = 0;
      target = Math.max(leastTarget, target - target / 10);
    }
    if (markedSamples >= format.sampleRateHz()) {
      long excess = lowMark - target;
      draining = excess > Math.max(samples(EXCESS_MS), count);
      boolean drifted = Math.abs(excess) > count || correction != 0;
      correction = drifted && !draining ? excess : 0;
      beginMarking(0);
    }
  }

  private int copy(ByteBuffer pcm) {
    int length = pcm.remaining();
    if (buffer.length < length + bytesPerSample) {
      buffer = new byte[length + bytesPerSample];
    }
    pcm.get(buffer, 0, length);
    return length;
  }

  /**
   * Leaves out a sample, or repeats one, where that makes the smallest step; returns the length.
   */
  private int correct(int length) {
    int at = stillest(length);
    corrected++;
    if (correction > 0) {
      correction--;
      System.arraycopy(buffer, at + bytesPerSample, buffer, at, length - at - bytesPerSample);
      return length - bytesPerSample;
    }
    correction++;
    System.arraycopy(buffer, at, buffer, at + bytesPerSample, length - at);
    return length + bytesPerSample;
  }

  /** Returns where the sample is that differs least from the one before it. */
  private int stillest(int length) {
    ByteBuffer pcm = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
    int best = 0;
    long least = Long.MAX_VALUE;
    for (int at = bytesPerSample; at < length; at += bytesPerSample) {
      long step = 0;
      for (int k = at; k < at + bytesPerSample; k += 2) {
        step += Math.abs(pcm.getShort(k) - pcm.getShort(k - bytesPerSample));
      }
      if (step < least) {
        least = step;
        best = at;
      }
    }
    return best;
  }

  private void writeSilence(long count) throws IOException {
    byte[] silence = new byte[SILENCE_SAMPLES * bytesPerSample];
    for (long left = count; left > 0; left -= SILENCE_SAMPLES) {
      line.write(silence, (int) Math.min(left, SILENCE_SAMPLES) * bytesPerSample);
    }
  }

  /** Returns how it has gone so far. */
  Player.Health health() {
    return new Player.Health(
        underruns, skippedFrames, corrected, (int) (target * 1_000 / format.sampleRateHz()));
  }
}
