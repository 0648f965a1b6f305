package dev.lavalier.pipeline;

import dev.lavalier.capture.Period;
import dev.lavalier.common.WorkBudget;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * Encodes the frames of one framer on an encoder thread, in order, and publishes them. If the
 * encoder throws, the ring fails, and with it the subscriptions that read it.
 *
 * <p>The capture thread calls {@link #offer}. Only the encoder thread writes the ring.
 */
final class EncodingQueue {

  /**
   * What the framers of a pipeline share.
   *
   * @param nanoTime returns the steady time
   * @param work counts the processor time of the encoders
   * @param listener notified when a frame was published, or the encoder has failed
   */
  record Services(LongSupplier nanoTime, WorkBudget work, FrameListener listener) {}

  private final FrameEncoder encoder;
  private final FrameRing ring;
  private final Executor thread;
  private final int capacity;
  private final Services services;
  private final AtomicInteger waiting = new AtomicInteger(); // including the one being encoded

  /**
   * Creates an empty queue.
   *
   * @param thread runs one task at a time, in order
   * @param capacity the maximum number of frames that may wait
   */
  EncodingQueue(
      FrameEncoder encoder, FrameRing ring, Executor thread, int capacity, Services services) {
    this.encoder = encoder;
    this.ring = ring;
    this.thread = thread;
    this.capacity = capacity;
    this.services = services;
  }

  /**
   * Adds one frame.
   *
   * @param frame the samples; not copied
   * @param losses see {@link Frame#lossesBefore}
   * @return false if it is dropped because the encoder thread or the processor is overloaded
   */
  boolean offer(Period frame, LossTotals losses) {
    if (waiting.get() >= capacity || services.work().isSpent()) {
      return false;
    }
    waiting.incrementAndGet();
    try {
      thread.execute(() -> services.work().runElsewhere(() -> encode(frame, losses)));
      return true;
    } catch (RuntimeException | Error e) { // the server stops, or no thread can be created
      waiting.decrementAndGet();
      return false;
    }
  }

  private void encode(Period frame, LossTotals losses) {
    if (ring.failure() == null) {
      try {
        byte[] message = encoder.encode(frame);
        ring.publish(
            new Frame(
                ring.head(),
                frame.sampleIndex(),
                losses,
                frame.captureNanos(),
                frame.captureUnixNanos(),
                frame.readNanos(),
                services.nanoTime().getAsLong(),
                message));
      } catch (RuntimeException | Error e) {
        ring.fail(e);
      }
    }
    waiting.decrementAndGet();
    services.listener().onFramesPublished();
  }
}
