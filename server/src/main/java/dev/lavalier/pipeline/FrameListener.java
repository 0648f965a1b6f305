package dev.lavalier.pipeline;

/**
 * Receives a notification when a pipeline has published frames. Called on the capture thread and on
 * encoder threads; must not block.
 */
@FunctionalInterface
public interface FrameListener {

  /**
   * Called once for each period that completed at least one frame. On an encoder thread, called for
   * each framer.
   */
  void onFramesPublished();
}
