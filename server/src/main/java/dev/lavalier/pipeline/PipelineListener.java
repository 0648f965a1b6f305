package dev.lavalier.pipeline;

/** Is notified of what a pipeline observes. Called on the capture thread; must not block. */
public interface PipelineListener {

  /** The first period of the epoch arrived. */
  void onFirstPeriod(CapturePipeline pipeline);

  /** The device lost samples while it was open. */
  void onOverrun(CapturePipeline pipeline, long samples);

  /** The device started to deliver only zeros, or delivers other values again. */
  void onSilence(CapturePipeline pipeline, boolean silent);

  /** The capture ended without being stopped. */
  void onLost(CapturePipeline pipeline, String reason);
}
