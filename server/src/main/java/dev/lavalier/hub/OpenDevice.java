package dev.lavalier.hub;

import dev.lavalier.capture.Capture;
import dev.lavalier.pipeline.CapturePipeline;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The objects of a device while it is open. Used by the device's actor, except {@link #close},
 * which runs on a worker.
 */
final class OpenDevice {

  private static final Logger log = LoggerFactory.getLogger(OpenDevice.class);

  /** If the thread of a stopped capture does not end within this time, that is logged. */
  private static final Duration JOIN_TIMEOUT = Duration.ofSeconds(2);

  final CapturePipeline pipeline;
  final Capture capture;
  final ProgressMonitor progress;
  final long openedNanos;
  boolean silent;
  long nextClockNoticeAt = Long.MIN_VALUE; // steady time of the next CLOCK notice

  OpenDevice(CapturePipeline pipeline, Capture capture, long openedNanos) {
    this.pipeline = pipeline;
    this.capture = capture;
    this.progress = new ProgressMonitor(capture);
    this.openedNanos = openedNanos;
  }

  /**
   * Stops the capture, joins its thread and releases the device. May block for ever in the sound
   * system.
   */
  void close() {
    String deviceId = capture.device().id();
    try {
      if (!capture.stop(JOIN_TIMEOUT)) {
        log.warn(
            "{}: the capture thread did not end within {} s", deviceId, JOIN_TIMEOUT.toSeconds());
      }
      pipeline.close();
      capture.close();
      log.debug("{}: closed", deviceId);
    } catch (RuntimeException e) {
      log.warn("{}: closing failed", deviceId, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
