package dev.lavalier.service;

import dev.lavalier.access.Reloadable;
import dev.lavalier.access.ServerCertificate;
import dev.lavalier.access.TokenFile;
import dev.lavalier.common.FailureLog;
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
 * Keeps access up to date. Once a second it reloads the token file and the certificate, if they
 * have changed, on an executor that may block. It also ends the calls of callers whose access has
 * been revoked or has expired, even while the file system hangs. It logs a warning before the
 * certificate expires.
 *
 * <p>{@link #start} is called once. {@link #close} can be called from any thread.
 */
public final class AccessMonitor implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(AccessMonitor.class);

  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

  /** The time before the end of the certificate from which a warning is logged each day. */
  private static final Duration EXPIRY_WARNING = Duration.ofDays(14);

  private static final Duration DAY = Duration.ofDays(1);

  private final Hub hub;
  private final ActiveCalls calls;
  private final Optional<Reloadable<TokenFile>> tokens;
  private final Optional<? extends ServerCertificate> certificate;
  private final TimeSource timeSource;
  private final Executor files;
  private final FailureLog failures;
  private final AtomicBoolean reloading = new AtomicBoolean();
  private volatile boolean closed;

  /**
   * Creates a monitor, which does not run until {@link #start}.
   *
   * @param hub the hub whose streams the monitor ends
   * @param calls the calls that the monitor ends
   * @param tokens the token file; empty: none
   * @param certificate the certificate of the server; empty: no encryption
   * @param timeSource the clock and timer of the checks
   * @param files runs the tasks that read files, one at a time
   */
  public AccessMonitor(
      Hub hub,
      ActiveCalls calls,
      Optional<Reloadable<TokenFile>> tokens,
      Optional<? extends ServerCertificate> certificate,
      TimeSource timeSource,
      Executor files) {
    this.hub = hub;
    this.calls = calls;
    this.tokens = tokens;
    this.certificate = certificate;
    this.timeSource = timeSource;
    this.files = files;
    this.failures = new FailureLog(timeSource, log, "reloading files");
  }

  private Instant now() {
    return Instant.ofEpochSecond(0, timeSource.unixNanos());
  }

  /** Logs the token file and the certificate, and starts the checks if there is either of them. */
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
    // First, so that a failure does not end the checks.
    timeSource.schedule(DAY, () -> warnBeforeExpiry(each));
    Duration remaining = each.material().remainingValidity(now());
    if (remaining.isNegative()) {
      log.error("certificate: expired, clients that verify it cannot connect: {}", each.material());
    } else if (remaining.compareTo(EXPIRY_WARNING) < 0) {
      log.warn("certificate: {} days left: {}", remaining.toDays(), each.material());
    }
  }

  private void check() {
    if (closed) {
      return;
    }
    // First, so that a failure does not end the checks.
    timeSource.schedule(CHECK_INTERVAL, this::check);
    endUnauthorized();
    if (reloading.compareAndSet(false, true)) { // else: the last reload has not finished
      try {
        files.execute(this::reloadFiles);
      } catch (RejectedExecutionException e) {
        // The monitor is closed.
      } catch (RuntimeException | Error e) { // possibly no thread can be created
        reloading.set(false);
        failures.report("reloading files", e);
      }
    }
  }

  private void endUnauthorized() {
    attempt("ending calls without access", calls::endUnauthorized);
    hub.revokeUnauthorized(); // also the streams of devices for which a grant was removed
  }

  private void reloadFiles() {
    try {
      attempt(
          "reloading files",
          () -> certificate.ifPresent(each -> each.files().reloadIfChanged(timeSource.nanoTime())));
      attempt(
          "reloading files",
          () -> {
            if (tokens.isPresent() && tokens.get().reloadIfChanged(timeSource.nanoTime())) {
              endUnauthorized();
              hub.grantsChanged();
              checkCertificates();
            }
          });
    } finally {
      reloading.set(false);
    }
  }

  /** Runs a step. If it throws, that is logged: it does not prevent the next steps. */
  private void attempt(String name, Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      failures.report(name, e);
    }
  }

  private void checkCertificates() {
    if (tokens.isPresent()
        && tokens.get().get().hasCertificateEntries()
        && !certificate.map(ServerCertificate::requiresClientCertificates).orElse(false)) {
      log.warn("token file: contains certificate entries, but tls-client-ca is not set");
    }
  }

  /** Stops the checks. */
  @Override
  public void close() {
    closed = true;
  }
}
