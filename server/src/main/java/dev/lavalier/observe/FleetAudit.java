package dev.lavalier.observe;

import dev.lavalier.fleet.FleetObserver;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs a line in the audit log of a node when an edge begins or ends to need a device. Safe for use
 * from any thread.
 */
public final class FleetAudit implements FleetObserver {

  private static final Logger log = LoggerFactory.getLogger(AuditLog.LOGGER);

  @Override
  public void onLeaseGranted(String edge, String device) {
    new AuditLine("lease began").with("edge", edge).with("device", device).writeTo(log);
  }

  @Override
  public void onLeaseEnded(String edge, String device, Duration held, String reason) {
    new AuditLine("lease ended")
        .with("edge", edge)
        .with("device", device)
        .with("seconds", held.toMillis() / 1e3)
        .with("why", reason)
        .writeTo(log);
  }
}
