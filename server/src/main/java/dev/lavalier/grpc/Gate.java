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
public final class Gate implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Gate.class);

  private static final Duration PACE = Duration.ofSeconds(1);

  /** How long before the certificate's end it is warned of, each day anew. */
  private static final Duration NOTICE = Duration.ofDays(14);

  private static final Duration DAY = Duration.ofDays(1);

  private final Hub hub;
  private final Optional<Reloadable<TokenFile>> tokens;
  private final Optional<ServerTls> tls;
  private final TimeSource ticker;
  private final Executor files;
  private final Authenticator access;
  private final RefusalLog refusals;
  private final AtomicBoolean looking = new AtomicBoolean();
  private volatile boolean closed;

  /**
   * Makes one.
   *
   * @param hub whose streams end
   * @param tokens the token file; empty: none
   * @param tls the server's certificate; empty: no encryption
   * @param ticker by which access expires
   * @param files runs what reads files, one task at a time
   */
  public Gate(
      Hub hub,
      Optional<Reloadable<TokenFile>> tokens,
      Optional<ServerTls> tls,
      TimeSource ticker,
      Executor files) {
    this.hub = hub;
    this.tokens = tokens;
    this.tls = tls;
    this.ticker = ticker;
    this.files = files;
    this.access = new Authenticator(tokens, asksForCertificates(), this::now);
    this.refusals = new RefusalLog(ticker);
  }

  /** Makes one that lets everybody in, without encryption. */
  public static Gate open(Hub hub, TimeSource ticker) {
    return new Gate(hub, Optional.empty(), Optional.empty(), ticker, Runnable::run);
  }

  private Instant now() {
    return Instant.ofEpochSecond(0, ticker.unixNanos());
  }

  private boolean asksForCertificates() {
    return tls.isPresent() && tls.get().asksForCertificates();
  }

  Optional<ServerTls> tls() {
    return tls;
  }

  RefusalLog refusals() {
    return refusals;
  }

  ServerInterceptor interceptor() {
    return new CallerInterceptor(access, refusals);
  }

  /** Begins to look after those who are in. */
  public void start() {
    tls.ifPresent(each -> each.files().logLoaded());
    tokens.ifPresent(Reloadable::logLoaded);
    checkCertificates();
    if (access.isRequired() || tls.isPresent()) {
      ticker.schedule(PACE, this::look);
    }
    tls.ifPresent(this::warnOfEnd);
  }

  private void warnOfEnd(ServerTls each) {
    if (closed) {
      return;
    }
    Duration left = each.material().remainingValidity(now());
    if (left.isNegative()) {
      log.error("certificate: expired, no client that checks it connects: {}", each.material());
    } else if (left.compareTo(NOTICE) < 0) {
      log.warn("certificate: {} days left: {}", left.toDays(), each.material());
    }
    ticker.schedule(DAY, () -> warnOfEnd(each));
  }

  private void look() {
    if (closed) {
      return;
    }
    hub.revokeUnauthorized();
    if (looking.compareAndSet(false, true)) { // else the file system has not answered yet
      try {
        files.execute(this::lookAtFiles);
      } catch (RejectedExecutionException e) {
        return; // closed
      }
    }
    ticker.schedule(PACE, this::look);
  }

  private void lookAtFiles() {
    try {
      tls.ifPresent(each -> each.files().reloadIfChanged());
      if (tokens.isPresent() && tokens.get().reloadIfChanged()) {
        hub.grantsChanged();
        checkCertificates();
      }
    } finally {
      looking.set(false);
    }
  }

  private void checkCertificates() {
    if (tokens.isPresent() && tokens.get().get().hasCertificateEntries() && !asksForCertificates()) {
      log.warn("token file: names certificates, which nobody is asked for without tls-client-ca");
    }
  }

  /** Looks no more. */
  @Override
  public void close() {
    closed = true;
  }
}
