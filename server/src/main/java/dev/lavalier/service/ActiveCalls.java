package dev.lavalier.service;

import dev.lavalier.common.FailureLog;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.LoggerFactory;

/**
 * The calls in progress, of every service. Limits their number, and ends the calls whose caller has
 * no access any more. The hub limits subscriptions; this class limits all other calls, and the
 * calls of one identity, which can wait for their first message. It also limits how often calls
 * start: starting and ending a call costs more than a call that stays open.
 *
 * <p>Only the health service serves a caller without access. Such a caller needs no credential, so
 * it can have only a few calls at a time, and each ends after 5 minutes at the latest.
 *
 * <p>Safe for use from any thread. No method blocks, except on a lock that is held for a few map
 * operations.
 */
public final class ActiveCalls {

  private static final int OTHER_CALLS = 100;
  private static final int MAX_OTHER_PER_CONNECTION = OTHER_CALLS;
  private static final int MAX_OTHER = 2_000;
  private static final int MAX_CHECKS_WITHOUT_ACCESS = 1;
  private static final int MAX_WATCHES_WITHOUT_ACCESS = 4;
  private static final int MAX_ALL_WATCHES_WITHOUT_ACCESS = 256;
  private static final Duration MAX_DURATION_WITHOUT_ACCESS = Duration.ofMinutes(5);

  /** A limit of calls per second is this part of the limit of calls that can start at once. */
  private static final int REFILL_SECONDS = 10;

  private static final int MAX_STARTS_WITHOUT_IDENTITY = 100_000;
  private static final int MAX_STARTS_WITHOUT_ACCESS = 1_000;

  private static final Set<String> SUBSCRIPTIONS =
      Set.of(
          "lavalier.v1.AudioCapture/StreamFrames",
          "lavalier.v1.AudioCapture/PullFrames",
          "lavalier.v1.AudioCapture/StreamLevels");
  private static final String HEALTH_WATCH = "grpc.health.v1.Health/Watch";

  /**
   * A limit and the calls that it applies to.
   *
   * @param scope the calls, for the error message
   */
  private record Quota(String scope, long limit) {}

  /** A token bucket of the calls that may start. */
  private static final class StartRate {
    private final long capacity;
    private double tokens;
    private long refilledAt;

    StartRate(long capacity, long now) {
      this.capacity = capacity;
      this.tokens = capacity;
      this.refilledAt = now;
    }

    boolean take(long now) {
      double passed = (now - refilledAt) / 1e9;
      tokens = Math.min((double) capacity, tokens + passed * capacity / REFILL_SECONDS);
      refilledAt = now;
      if (tokens < 1) {
        return false;
      }
      tokens--;
      return true;
    }
  }

  private final TimeSource timeSource;
  private final FailureLog failures;
  private final long maxPerIdentity;
  private final Map<Quota, Integer> inUse = new HashMap<>(); // guarded by itself; values at least 1
  private final Map<Quota, StartRate> startRates = new HashMap<>(); // guarded by inUse
  private final Set<ActiveCall> calls = ConcurrentHashMap.newKeySet();

  /**
   * Creates an empty set of calls.
   *
   * @param timeSource the clock for calls without access
   * @param maxSubscriptionsPerIdentity the limit of subscriptions of one identity. It can have 100
   *     more calls of any kind
   */
  public ActiveCalls(TimeSource timeSource, int maxSubscriptionsPerIdentity) {
    this.timeSource = timeSource;
    this.failures =
        new FailureLog(timeSource, LoggerFactory.getLogger(ActiveCalls.class), "an access check");
    this.maxPerIdentity = (long) maxSubscriptionsPerIdentity + OTHER_CALLS;
  }

  /**
   * Adds a call that starts. The transport calls {@link ActiveCall#remove} when it has ended.
   *
   * @param method {@code service/method}
   * @param ending ends the call with a reason. Called on any thread, perhaps repeatedly, perhaps
   *     before this method returns; must not block
   * @throws StreamException LIMIT_REACHED; the call is then not added
   */
  public ActiveCall add(Caller caller, String method, Consumer<StreamException> ending)
      throws StreamException {
    ActiveCall call = new ActiveCall(caller, quotas(caller, method), ending, timeSource.nanoTime());
    Quota starts = starts(caller);
    synchronized (inUse) {
      boolean tooMany = !startRate(starts, call.startNanos).take(call.startNanos);
      for (Quota quota : call.quotas) {
        if (inUse.getOrDefault(quota, 0) >= quota.limit()) {
          throw new StreamException(
              Reason.LIMIT_REACHED,
              "%s: the limit of %d is reached; end a call or try again later"
                  .formatted(quota.scope(), quota.limit()));
        }
      }
      if (tooMany) {
        throw new StreamException(
            Reason.LIMIT_REACHED,
            "%s: the limit of %d is reached, after %d calls at once; try again later"
                .formatted(starts.scope(), starts.limit() / REFILL_SECONDS, starts.limit()));
      }
      call.quotas.forEach(quota -> inUse.merge(quota, 1, Integer::sum));
    }
    calls.add(call);
    return call;
  }

  /**
   * Returns the callers that share a limit of calls per second, and how many can start at once: an
   * identity can start all its calls again while the server still counts the old ones.
   */
  private Quota starts(Caller caller) {
    if (!caller.hasAccess()) {
      return new Quota("calls per second without access", MAX_STARTS_WITHOUT_ACCESS);
    }
    return caller
        .name()
        .map(name -> new Quota("calls per second by " + name, 2 * maxPerIdentity))
        .orElse(new Quota("calls per second", MAX_STARTS_WITHOUT_IDENTITY));
  }

  private StartRate startRate(Quota starts, long now) {
    return startRates.computeIfAbsent(starts, quota -> new StartRate(quota.limit(), now));
  }

  private List<Quota> quotas(Caller caller, String method) {
    String connection = " over one connection (" + caller.subscriber().address() + ")";
    if (!caller.hasAccess()) {
      return method.equals(HEALTH_WATCH)
          ? List.of(
              new Quota("health watches without access" + connection, MAX_WATCHES_WITHOUT_ACCESS),
              new Quota("health watches without access", MAX_ALL_WATCHES_WITHOUT_ACCESS))
          : List.of(
              new Quota("health checks without access" + connection, MAX_CHECKS_WITHOUT_ACCESS));
    }
    List<Quota> quotas = new ArrayList<>();
    if (!SUBSCRIPTIONS.contains(method)) {
      quotas.add(new Quota("calls that are not streams" + connection, MAX_OTHER_PER_CONNECTION));
      quotas.add(new Quota("calls that are not streams", MAX_OTHER));
    }
    caller.name().ifPresent(name -> quotas.add(new Quota("calls by " + name, maxPerIdentity)));
    return quotas;
  }

  /**
   * Ends the calls whose caller has no access any more, and those that were open without access for
   * too long. Call it about once a second.
   */
  public void endUnauthorized() {
    long now = timeSource.nanoTime();
    for (ActiveCall call : calls) {
      try {
        call.endIfUnauthorized(now);
      } catch (RuntimeException | Error e) { // the other calls must end nevertheless
        failures.report("an access check", e);
      }
    }
  }

  /** A call in progress. */
  public final class ActiveCall {

    private final Caller caller;
    private final List<Quota> quotas;
    private final Consumer<StreamException> ending;
    private final long startNanos;

    ActiveCall(
        Caller caller, List<Quota> quotas, Consumer<StreamException> ending, long startNanos) {
      this.caller = caller;
      this.quotas = quotas;
      this.ending = ending;
      this.startNanos = startNanos;
    }

    private void endIfUnauthorized(long now) {
      if (!caller.hasAccess() && now - startNanos >= MAX_DURATION_WITHOUT_ACCESS.toNanos()) {
        end(
            new StreamException(
                Reason.LIMIT_REACHED,
                "a call without access ends after %d minutes; call again"
                    .formatted(MAX_DURATION_WITHOUT_ACCESS.toMinutes())));
      }
      caller.accessEnd().ifPresent(this::end);
    }

    private void end(StreamException reason) {
      ending.accept(reason);
      remove(); // a peer that reads nothing could delay the end of the call in the transport
    }

    /** Removes the call because it has ended. Further calls have no effect. */
    public void remove() {
      if (calls.remove(this)) {
        synchronized (inUse) {
          quotas.forEach(quota -> inUse.computeIfPresent(quota, (q, n) -> n == 1 ? null : n - 1));
        }
      }
    }
  }
}
