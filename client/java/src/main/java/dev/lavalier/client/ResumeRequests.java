package dev.lavalier.client;

import dev.lavalier.v1.ResumePoint;
import dev.lavalier.v1.StreamFramesRequest;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * The requests with which a stream continues on another connection, and the queue that they ask
 * for. For use by one thread.
 */
final class ResumeRequests {

  /** If the server refuses a queue, the next request is for this part of it. */
  private static final int QUEUE_DIVISOR = 4;

  /** No shorter queue is requested, and none of less than two frames: the server's default. */
  private static final Duration SHORTEST_QUEUE = Duration.ofMillis(200);

  private final StreamOptions options;
  private Duration queue; // of the last request
  private boolean resumePointSent; // in the last request

  ResumeRequests(StreamOptions options) {
    this.options = options;
    this.queue = options.maxLatency();
  }

  /**
   * Returns a request for the parameters of an epoch, even if the server's defaults have changed.
   *
   * @param resumePoint where to resume; empty: with the live audio
   * @param hasPosition whether a frame has arrived on an earlier connection
   */
  StreamFramesRequest next(
      StreamStart start, Optional<ResumePoint> resumePoint, boolean hasPosition) {
    StreamFramesRequest.Builder request =
        ProtoMapper.request(
            options.toBuilder()
                .deviceId(start.deviceId())
                .frameSize(start.frameSize())
                .format(start.format())
                .maxLatency(queue)
                .build())
            .toBuilder();
    resumePointSent = resumePoint.isPresent();
    resumePoint.ifPresentOrElse(
        request::setResume,
        () -> {
          if (hasPosition) {
            request.clearStart(); // pre-roll is only for the first connection
          }
        });
    return request.build();
  }

  /**
   * Returns whether the server may have rejected the last request because of its resume point, for
   * example after its clock was set back.
   */
  boolean isResumePointRejected(LavalierException reason) {
    return resumePointSent && reason.kind() == LavalierException.Kind.INVALID_REQUEST;
  }

  /**
   * Shortens the queue of the next request if the server may accept the last one with a shorter
   * queue. Its status does not tell which limit is reached, so the queue is the reason only if a
   * shorter one is accepted.
   *
   * @return whether the next request differs
   */
  boolean shortenQueue(StreamStart start, LavalierException reason) {
    Duration shortest =
        Duration.ofMillis(2_000L * start.frameSize() / start.format().sampleRateHz() + 1);
    if (shortest.compareTo(SHORTEST_QUEUE) < 0) {
      shortest = SHORTEST_QUEUE;
    }
    Duration shorter = queue.dividedBy(QUEUE_DIVISOR);
    boolean possible =
        reason.kind() == LavalierException.Kind.LIMIT_REACHED && shorter.compareTo(shortest) >= 0;
    if (possible) {
      queue = shorter;
    }
    return possible;
  }

  /** Lets the next request ask for the queue of the options again. */
  void restoreQueue() {
    queue = options.maxLatency();
  }

  /** Returns the end of a sentence if the queue of the last request was shortened; else "". */
  String shortenedQueue(StreamStart start) {
    return queue.equals(options.maxLatency())
        ? ""
        : String.format(
            Locale.ROOT,
            "; the server refused a longer queue than %.1f s",
            start.maxLatency().toMillis() / 1e3);
  }
}
