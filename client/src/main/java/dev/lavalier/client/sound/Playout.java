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
 *   <li>Where the mark is more than 10 ms off the target, as two clocks bring about, one sample of
 *       each frame is left out or repeated, where the signal moves least, until it is met.
 *   <li>Where it is more than 250 ms above, as after a stall of the network, whole frames are left
 *       out.
 * </ul>
 */
final class Playout {

  private static final int LONGEST_MS = Player.LONGEST_BUFFER_MS;
  private static final int SLACK_MS = 10;
  private static final int SURPLUS_MS = 250;
  private static final int CALM_SECONDS = 10;
  private static final int SILENCE_SAMPLES = 480;

  private final OutputLine line;
  private final PcmFormat format;
  private final int bytesPerSample;
  private final long leastTarget;

  private long target; // samples per channel, as all counts
  private boolean begun;
  private long lowMark = Long.MAX_VALUE;
  private long markedSamples; // of this second
  private long calmSamples;
  private long correction; // to be left out; where negative, to be repeated

  private int underruns;
  private long skippedFrames;
  private long corrected;

  private byte[] buffer = {};

  /** Plays into a line with a target of so many milliseconds, 1 to 500, at first. */
  Playout(OutputLine line, PcmFormat format, int bufferMs) {
    this.line = line;
    this.format = format;
    this.bytesPerSample = format.bytesPerSample();
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
    } else if (queued > target + samples(SURPLUS_MS)) {
      skippedFrames++;
      return;
    }
    mark(queued, count);
    int length = copy(pcm);
    if (correction != 0) {
      length = correct(length);
    }
    line.write(buffer, length);
  }

  /** Plays silence in place of samples that are missing; no more than makes a whole queue. */
  void playSilence(long missing) throws IOException {
    writeSilence(Math.min(missing, Math.max(0, target - line.queued())));
  }

  private void refill() throws IOException {
    if (begun) {
      underruns++;
      target = Math.min(samples(LONGEST_MS), target + target / 2);
    }
    begun = true;
    line.restart((int) target);
    calmSamples = 0;
    beginMarking();
    correction = 0;
  }

  private void beginMarking() {
    lowMark = Long.MAX_VALUE;
    markedSamples = 0;
  }

  private void mark(long queued, int count) {
    lowMark = Math.min(lowMark, queued);
    markedSamples += count;
    calmSamples += count;
    if (calmSamples >= (long) CALM_SECONDS * format.sampleRateHz()) {
      calmSamples = 0;
      target = Math.max(leastTarget, target - target / 10);
    }
    if (markedSamples >= format.sampleRateHz()) {
      long excess = lowMark - target;
      correction = Math.abs(excess) > samples(SLACK_MS) || correction != 0 ? excess : 0;
      beginMarking();
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
