package dev.lavalier.service;

import dev.lavalier.access.Reloadable;
import dev.lavalier.access.ServerCertificate;
import dev.lavalier.access.TokenFile;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.Hub;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps access up to date. Once a second it has the token file and the certificate read, on an
 * executor that may block, and ends the streams of callers whose access has ended or expired, also
 * while the file system hangs. It warns before the certificate expires.
 *
 * <p>{@link #start} once, {@link #close} from any thread.
 */
public final class AccessMonitor implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(AccessMonitor.class);

  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

  /** How long before the certificate's end it is warned of, each day anew. */
  private static final Duration EXPIRY_WARNING = Duration.ofDays(14);

  private static final Duration DAY = Duration.ofDays(1);

  private final Hub hub;
  private final Optional<Reloadable<TokenFile>> tokens;
  private final Optional<? extends ServerCertificate> certificate;
  private final TimeSource timeSource;
  private final Executor files;
  private final AtomicBoolean reloading = new AtomicBoolean();
  private volatile boolean closed;

  /**
   * Makes one.
   *
   * @param hub whose streams end
   * @param tokens the token file; empty: none
   * @param certificate the server's; empty: no encryption
   * @param timeSource when it checks
   * @param files runs what reads files, one task at a time
   */
  public AccessMonitor(
      Hub hub,
      Optional<Reloadable<TokenFile>> tokens,
      Optional<? extends ServerCertificate> certificate,
      TimeSource timeSource,
      Executor files) {
    this.hub = hub;
    this.tokens = tokens;
    this.certificate = certificate;
    this.timeSource = timeSource;
    this.files = files;
  }

  private Instant now() {
    return Instant.ofEpochSecond(0, timeSource.unixNanos());
  }

  /** Starts to check, if there is anything that can change. */
  public void start() {
    certificate.ifPresent(each -> each.files().logLoaded());
    tokens.ifPresent(Reloadable::logLoaded);
    checkCertificates();
    if (tokens.isPresent() || certificate.isPresent()) {
      timeSource.schedule(CHECK_INTERVAL, this::check);
    }
    certificate.ifPresent(this::warnBeforeExpiry);
  }

  private void warnBeforeExpiry(ServerCertificate each) {
    if (closed) {
      return;
    }
    Duration remaining = each.material().remainingValidity(now());
    if (remaining.isNegative()) {
      log.error("certificate: expired, no client that checks it connects: {}", each.material());
    } else if (remaining.compareTo(EXPIRY_WARNING) < 0) {
      log.warn("certificate: {} days left: {}", remaining.toDays(), each.material());
    }
    timeSource.schedule(DAY, () -> warnBeforeExpiry(each));
  }

  private void check() {
    if (closed) {
      return;
    }
    hub.revokeUnauthorized();
    if (reloading.compareAndSet(false, true)) { // else the file system has not answered yet
      try {
        files.execute(this::reloadFiles);
      } catch (RejectedExecutionException e) {
        return; // closed
      }
    }
    timeSource.schedule(CHECK_INTERVAL, this::check);
  }

  private void reloadFiles() {
    try {
      certificate.ifPresent(each -> each.files().reloadIfChanged());
      if (tokens.isPresent() && tokens.get().reloadIfChanged()) {
        hub.grantsChanged();
        checkCertificates();
      }
    } finally {
      reloading.set(false);
    }
  }

  private void checkCertificates() {
    if (tokens.isPresent()
        && tokens.get().get().hasCertificateEntries()
        && !certificate.map(ServerCertificate::requiresClientCertificates).orElse(false)) {
      log.warn("token file: names certificates, which nobody is asked for without tls-client-ca");
    }
  }

  /** Stops to check. */
  @Override
  public void close() {
    closed = true;
  }
}
