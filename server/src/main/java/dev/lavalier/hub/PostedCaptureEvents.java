package dev.lavalier.hub;

import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.PipelineListener;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Passes the events of the capture thread of one device to its actor, as messages. The capture
 * thread does no other work for them. Overruns that the actor has not handled yet are added up, so
 * a device that loses samples with each period posts no more messages than the actor handles.
 */
final class PostedCaptureEvents implements PipelineListener {

  private final Mailbox mailbox;
  private final PipelineListener actor;
  private final AtomicLong lostSamples = new AtomicLong(); // not passed to the actor yet

  /**
   * Creates a listener for captures.
   *
   * @param actor receives the events, in messages of the mailbox
   */
  PostedCaptureEvents(Mailbox mailbox, PipelineListener actor) {
    this.mailbox = mailbox;
    this.actor = actor;
  }

  @Override
  public void onFirstPeriod(CapturePipeline pipeline) {
    mailbox.post(() -> actor.onFirstPeriod(pipeline));
  }

  @Override
  public void onOverrun(CapturePipeline pipeline, long samples) {
    if (lostSamples.getAndAdd(samples) == 0) {
      mailbox.post(() -> actor.onOverrun(pipeline, lostSamples.getAndSet(0)));
    }
  }

  @Override
  public void onSilence(CapturePipeline pipeline, boolean silent) {
    mailbox.post(() -> actor.onSilence(pipeline, silent));
  }

  @Override
  public void onLost(CapturePipeline pipeline, String reason) {
    mailbox.post(() -> actor.onLost(pipeline, reason));
  }
}
