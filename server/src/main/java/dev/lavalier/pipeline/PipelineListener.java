package dev.lavalier.pipeline;

/** Receives the events of a pipeline. Called on the capture thread; must not block. */
public interface PipelineListener {

  /** Called when the first period of the epoch has arrived. */
  void onFirstPeriod(CapturePipeline pipeline);

  /**
   * Called when the device has lost samples while it was open.
   *
   * @param samples estimated number per channel
   */
  void onOverrun(CapturePipeline pipeline, long samples);

  /**
   * Called when the device has delivered only zeros for some seconds, and again when it delivers
   * other values.
   */
  void onSilence(CapturePipeline pipeline, boolean silent);

  /**
   * Called when the capture has ended without being stopped.
   *
   * @param reason what was observed, in one sentence
   */
  void onLost(CapturePipeline pipeline, String reason);
}
