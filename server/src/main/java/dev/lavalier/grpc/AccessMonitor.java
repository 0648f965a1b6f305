package dev.lavalier.grpc;

import dev.lavalier.access.Authenticator;
import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import dev.lavalier.audio.TimeSource;
import dev.lavalier.hub.Hub;
import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who comes in, and who may stay. Each second the files of access are looked at, on an executor
 * where that may block; and those whose access has ended are shown out, also while the file system
 * hangs.
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
  private final Optional<ServerTls> tls;
  private final TimeSource timeSource;
  private final Executor files;
  private final Authenticator authenticator;
  private final RejectionLog rejections;
  private final AtomicBoolean reloading = new AtomicBoolean();
  private volatile boolean closed;

  /**
   * Makes one.
   *
   * @param hub whose streams end
   * @param tokens the token file; empty: none
   * @param tls the server's certificate; empty: no encryption
   * @param timeSource by which access expires
   * @param files runs what reads files, one task at a time
   */
  public AccessMonitor(
      Hub hub,
      Optional<Reloadable<TokenFile>> tokens,
      Optional<ServerTls> tls,
      TimeSource timeSource,
      Executor files) {
    this.hub = hub;
    this.tokens = tokens;
    this.tls = tls;
    this.timeSource = timeSource;
    this.files = files;
    this.authenticator = new Authenticator(tokens, requiresClientCertificates(), this::now);
    this.rejections = new RejectionLog(timeSource);
  }

  /** Makes one that lets everybody in, without encryption. */
  public static AccessMonitor allowAll(Hub hub, TimeSource timeSource) {
    return new AccessMonitor(hub, Optional.empty(), Optional.empty(), timeSource, Runnable::run);
  }

  private Instant now() {
    return Instant.ofEpochSecond(0, timeSource.unixNanos());
  }

  private boolean requiresClientCertificates() {
    return tls.isPresent() && tls.get().requiresClientCertificates();
  }

  Optional<ServerTls> tls() {
    return tls;
  }

  RejectionLog rejections() {
    return rejections;
  }

  ServerInterceptor interceptor() {
    return new AuthInterceptor(authenticator, rejections);
  }

  /** Begins to look after those who are in. */
  public void start() {
    tls.ifPresent(each -> each.files().logLoaded());
    tokens.ifPresent(Reloadable::logLoaded);
    checkCertificates();
    if (authenticator.isRequired() || tls.isPresent()) {
      timeSource.schedule(CHECK_INTERVAL, this::check);
    }
    tls.ifPresent(this::warnBeforeExpiry);
  }

  private void warnBeforeExpiry(ServerTls each) {
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
      tls.ifPresent(each -> each.files().reloadIfChanged());
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
        && !requiresClientCertificates()) {
      log.warn("token file: names certificates, which nobody is asked for without tls-client-ca");
    }
  }

  /** Looks no more. */
  @Override
  public void close() {
    closed = true;
  }
}
