package dev.lavalier.hub;

import dev.lavalier.capture.JavaSoundLine;
import dev.lavalier.capture.LineReader;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What there is of a device while it is open. Used by its actor; {@link #close} by a worker. */
final class OpenDevice {

  private static final Logger log = LoggerFactory.getLogger(OpenDevice.class);

  /** How long a stopped reader may take to end before that is reported. */
  private static final Duration JOIN_TIMEOUT = Duration.ofSeconds(2);

  final CapturePipeline pipeline;
  final LineReader reader;
  private final JavaSoundLine line;
  final long openedNanos;
  String closingReason = ""; // in a few words, for the records
  boolean silent;
  long nextClockNoticeAt = Long.MIN_VALUE; // when to tell the clock's rate again

  OpenDevice(CapturePipeline pipeline, LineReader reader, JavaSoundLine line, long openedNanos) {
    this.pipeline = pipeline;
    this.reader = reader;
    this.line = line;
    this.openedNanos = openedNanos;
  }

  /** Stops the line, joins the reader and gives the device back. May hang in the sound system. */
  void close() {
    String deviceId = line.device().id();
    try {
      if (!reader.stop(JOIN_TIMEOUT)) {
        log.warn("{}: its reader did not end within {} s", deviceId, JOIN_TIMEOUT.toSeconds());
      }
      pipeline.close();
      line.close();
      log.debug("{}: closed", deviceId);
    } catch (RuntimeException e) {
      log.warn("{}: closing failed", deviceId, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
