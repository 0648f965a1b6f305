package dev.lavalier.pipeline;

import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import dev.lavalier.common.WorkBudget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The framers of one format pipeline that run on the same thread: the thread that calls {@link
 * #accept}, or an encoder thread.
 *
 * <p>For an encoder thread, {@link #accept} copies each block once, for all framers, and the thread
 * passes the blocks to them in order. The thread is woken only by a block that completes a frame,
 * because each wake-up costs the calling thread time. A bounded number of samples waits. If the
 * encoder thread is too late, or the processor time for encoders is spent, blocks are dropped, and
 * their samples are lost to the server's overload. If a framer throws on the encoder thread, its
 * ring fails, and with it the subscriptions that read it.
 *
 * <p>The owner of the pipeline calls {@link #setFramers}.
 */
final class FramerGroup {

  private static final Loss NOT_ENCODED = new Loss(LossCause.SERVER_OVERLOAD, false);

  /**
   * What the encoder threads of a pipeline share.
   *
   * @param work counts the processor time of the encoders
   * @param listener notified when a framer has published frames, or has failed
   */
  record Encoding(WorkBudget work, FrameListener listener) {}

  private final @Nullable Executor thread; // null: the thread that calls accept()
  private final @Nullable Encoding encoding; // null only if the thread is
  private final long burstSamples;
  private volatile Framer[] framers = {}; // replaced, never changed

  // Used only by the thread that calls accept().
  private long nextIndex = -1; // the sample that comes next; -1: no block yet
  private LossTotals lost = LossTotals.NONE; // between the blocks, and in dropped blocks
  private boolean dropping;
  private List<Runnable> waiting = new ArrayList<>(); // encode blocks that complete no frame
  private int samplesWithoutFrame; // in these blocks

  private final AtomicLong waitingSamples = new AtomicLong(); // including those being encoded

  /**
   * Creates a group without framers.
   *
   * @param thread runs one task at a time, in order; null: the thread that calls {@link #accept}
   * @param encoding null only if {@code thread} is
   * @param burstSamples the samples of a burst: as many may wait for the thread, and two blocks
   *     more
   */
  FramerGroup(@Nullable Executor thread, @Nullable Encoding encoding, long burstSamples) {
    this.thread = thread;
    this.encoding = encoding;
    this.burstSamples = burstSamples;
  }

  @Nullable Executor thread() {
    return thread;
  }

  /** Sets the framers that get the blocks from now on. All must have the thread of the group. */
  void setFramers(Framer[] next) {
    framers = next;
  }

  /**
   * Adds one block.
   *
   * @param block in the delivery format; its array is not kept. If it does not continue the block
   *     before, the samples in between are lost
   * @return whether at least one frame was published before this method returned
   */
  boolean accept(Period block) {
    if (nextIndex >= 0 && block.sampleIndex() > nextIndex) {
      lost = lost.plus(block.sampleIndex() - nextIndex, block.loss());
    }
    nextIndex = block.endIndex();
    Framer[] current = framers;
    if (thread != null) {
      pass(current, block);
      return false;
    }
    boolean published = false;
    for (Framer framer : current) {
      published |= framer.accept(block, lost);
    }
    return published;
  }

  /** Passes a block to the encoder thread, or drops it. */
  private void pass(Framer[] to, Period block) {
    for (Framer framer : to) {
      // Now, so that samples which are dropped later count as lost.
      framer.startAt(block.sampleIndex(), lost);
    }
    dropping = !offer(to, block);
    if (dropping && block.samples() > 0) {
      lost = lost.plus(block.samples(), NOT_ENCODED);
    }
  }

  private boolean offer(Framer[] to, Period block) {
    int samples = block.samples();
    // After a drop, room and credit for many blocks: single ones would not make a whole long frame.
    long limit = dropping ? burstSamples / 2 : burstSamples + samples;
    boolean spent = dropping ? encoding.work().isLow() : encoding.work().isSpent();
    if (spent || waitingSamples.get() > limit) {
      return false;
    }
    byte[] pcm = Arrays.copyOf(block.pcm(), samples * to[0].bytesPerSampleFrame());
    Period copy = block.converted(pcm, samples, block.sampleIndex(), 0, block.loss());
    LossTotals lostBefore = lost;
    waiting.add(() -> encode(to, copy, lostBefore));
    waitingSamples.addAndGet(samples);
    samplesWithoutFrame += samples;
    if (!completesFrame(to, block) && samplesWithoutFrame < burstSamples / 4) {
      return true;
    }
    List<Runnable> blocks = waiting;
    int count = samplesWithoutFrame;
    waiting = new ArrayList<>();
    samplesWithoutFrame = 0;
    try {
      thread.execute(() -> encoding.work().runElsewhere(() -> blocks.forEach(Runnable::run)));
      return true;
    } catch (RuntimeException | Error e) { // the server stops, or no thread can be created
      waitingSamples.addAndGet(-count);
      lost = lost.plus(count - samples, NOT_ENCODED);
      return false;
    }
  }

  private static boolean completesFrame(Framer[] framers, Period block) {
    for (Framer framer : framers) {
      if (framer.completesFrame(block)) {
        return true;
      }
    }
    return false;
  }

  private void encode(Framer[] to, Period block, LossTotals lostBefore) {
    try {
      for (Framer framer : to) {
        encode(framer, block, lostBefore);
      }
    } finally {
      waitingSamples.addAndGet(-block.samples());
    }
  }

  private void encode(Framer framer, Period block, LossTotals lostBefore) {
    if (framer.isDiscarded() || framer.ring().failure() != null) {
      return;
    }
    boolean changed = true;
    try {
      changed = framer.accept(block, lostBefore);
    } catch (RuntimeException | Error e) {
      framer.ring().fail(e);
    }
    if (changed) {
      encoding.listener().onFramesPublished(); // at once: the next encoder may take long
    }
  }
}
