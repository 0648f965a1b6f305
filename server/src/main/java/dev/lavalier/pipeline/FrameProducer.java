package dev.lavalier.pipeline;

/**
 * Produces the frames of one plan: audio ({@link Framer}) or levels ({@link LevelFramer}). The
 * methods may be called from any thread.
 */
sealed interface FrameProducer permits Framer, LevelFramer {

  /** Returns the plan of the frames. */
  StreamPlan plan();

  /** Returns the ring with the frames. */
  FrameRing ring();

  /** Returns the index of the first sample of the first frame; -1 until the first block. */
  long firstIndex();
}
