package dev.lavalier.hub;

import dev.lavalier.capture.JavaSoundLine;
import dev.lavalier.capture.LineReader;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What there is of a device while it is open. Used by its actor; {@link #close} by a worker. */
final class Session {

  private static final Logger log = LoggerFactory.getLogger(Session.class);

  /** How long a stopped reader may take to end before that is reported. */
  private static final Duration JOIN_BOUND = Duration.ofSeconds(2);

  final Epoch epoch;
  final LineReader reader;
  private final JavaSoundLine line;
  final long openedNanos;
  String closingReason = ""; // in a few words, for the records
  boolean muted;
  long clockToldNext = Long.MIN_VALUE; // when to tell the clock's rate again

  Session(Epoch epoch, LineReader reader, JavaSoundLine line, long openedNanos) {
    this.epoch = epoch;
    this.reader = reader;
    this.line = line;
    this.openedNanos = openedNanos;
  }

  /** Stops the line, joins the reader and gives the device back. May hang in the sound system. */
  void close() {
    String deviceId = line.device().id();
    try {
      if (!reader.stop(JOIN_BOUND)) {
        log.warn("{}: its reader did not end within {} s", deviceId, JOIN_BOUND.toSeconds());
      }
      epoch.end();
      line.close();
      log.debug("{}: closed", deviceId);
    } catch (RuntimeException e) {
      log.warn("{}: closing failed", deviceId, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
