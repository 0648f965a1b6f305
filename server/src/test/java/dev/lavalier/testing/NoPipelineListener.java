package dev.lavalier.testing;

import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.PipelineListener;

/** Ignores the events of a pipeline. */
public final class NoPipelineListener implements PipelineListener {

  @Override
  public void onFirstPeriod(CapturePipeline pipeline) {}

  @Override
  public void onOverrun(CapturePipeline pipeline, long samples) {}

  @Override
  public void onSilence(CapturePipeline pipeline, boolean silent) {}

  @Override
  public void onLost(CapturePipeline pipeline, String reason) {}
}
