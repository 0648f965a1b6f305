package dev.lavalier.hub;

import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts the active subscriptions, their memory and their work, for each limit. Safe for use from
 * any thread. A subscription is counted for all limits or for none, under a lock that is held only
 * for a few map operations. It is counted before any memory is allocated for it.
 *
 * <p>A subscription is released when it ends. Its device releases the memory some milliseconds
 * later, but before it allocates memory for later subscriptions.
 */
final class SubscriptionQuotas {

  private static final String CONVERSION_ADVICE =
      "request the capture format or fewer channels, or close a stream";

  /** What has a limit of its own. */
  private enum Kind {
    CONNECTION,
    IDENTITY,
    DEVICE,
    SERVER
  }

  private record Scope(Kind kind, String name) {

    /** Returns the scope, for an error message. */
    String description() {
      return switch (kind) {
        case CONNECTION -> " over one connection (" + name + ")";
        case IDENTITY -> " by " + name;
        case DEVICE -> " of " + name;
        case SERVER -> "";
      };
    }

    boolean isCaller() {
      return kind == Kind.CONNECTION || kind == Kind.IDENTITY;
    }
  }

  /** What the subscriptions of one scope use. */
  private static final class Account {
    final Map<Object, Integer> shared = new HashMap<>(); // by key; values are at least 1
    int subscriptions;
    long bytes;
    long framesPerSecond;
    long conversionNanos;

    long bytesWith(SubscriptionCost cost) {
      return bytes
          + cost.bytes()
          + newShared(cost).stream().mapToLong(SubscriptionCost.Shared::bytes).sum();
    }

    long conversionNanosWith(SubscriptionCost cost) {
      return conversionNanos
          + newShared(cost).stream().mapToLong(SubscriptionCost.Shared::conversionNanos).sum();
    }

    private List<SubscriptionCost.Shared> newShared(SubscriptionCost cost) {
      return cost.shared().stream().filter(each -> !shared.containsKey(each.key())).toList();
    }

    void add(SubscriptionCost cost) {
      bytes = bytesWith(cost);
      conversionNanos = conversionNanosWith(cost);
      framesPerSecond += cost.framesPerSecond();
      cost.shared().forEach(each -> shared.merge(each.key(), 1, Integer::sum));
    }

    void remove(SubscriptionCost cost) {
      cost.shared()
          .forEach(each -> shared.computeIfPresent(each.key(), (k, n) -> n == 1 ? null : n - 1));
      bytes -= bytesWith(cost) - bytes;
      conversionNanos -= conversionNanosWith(cost) - conversionNanos;
      framesPerSecond -= cost.framesPerSecond();
    }
  }

  /** What one subscription is counted with. Safe for use from any thread. */
  final class Reservation {
    private final List<Scope> scopes;
    private SubscriptionCost cost; // guarded by the quotas
    private boolean released;

    private Reservation(List<Scope> scopes, SubscriptionCost cost) {
      this.scopes = scopes;
      this.cost = cost;
    }

    /**
     * Changes the cost, because the capture format of the device has changed. Has no effect after
     * the release.
     *
     * @throws StreamException LIMIT_REACHED, with the limit; the cost is then as before
     */
    void change(SubscriptionCost newCost) throws StreamException {
      synchronized (SubscriptionQuotas.this) {
        if (released || newCost.equals(cost)) {
          return;
        }
        scopes.forEach(scope -> account(scope).remove(cost));
        try {
          checkCost(scopes, newCost);
          cost = newCost;
        } finally {
          scopes.forEach(scope -> account(scope).add(cost));
        }
      }
    }

    /** Releases the subscription. Further calls have no effect. */
    void release() {
      synchronized (SubscriptionQuotas.this) {
        if (released) {
          return;
        }
        released = true;
        for (Scope scope : scopes) {
          Account account = account(scope);
          account.remove(cost);
          if (--account.subscriptions == 0) {
            accounts.remove(scope);
          }
        }
      }
    }
  }

  private final SubscriberLimits limits;
  private final ResourceLimits resources;
  private final Map<Scope, Account> accounts = new HashMap<>(); // guarded by this
  private long historyBytes; // guarded by this

  SubscriptionQuotas(SubscriberLimits limits, ResourceLimits resources) {
    this.limits = limits;
    this.resources = resources;
  }

  ResourceLimits resources() {
    return resources;
  }

  /**
   * Counts one more subscription.
   *
   * @throws StreamException LIMIT_REACHED, with the limit; the subscription is then not counted
   */
  synchronized Reservation acquire(Subscriber subscriber, String deviceId, SubscriptionCost cost)
      throws StreamException {
    List<Scope> scopes = scopes(subscriber, deviceId);
    for (Scope scope : scopes) {
      Account account = accounts.get(scope);
      checkCount(scope, account == null ? 0 : account.subscriptions);
    }
    checkCost(scopes, cost);
    for (Scope scope : scopes) {
      Account account = account(scope);
      account.subscriptions++;
      account.add(cost);
    }
    return new Reservation(scopes, cost);
  }

  /**
   * Counts the history of a device. {@link #releaseHistory} releases it.
   *
   * @throws StreamException LIMIT_REACHED; it is then not counted
   */
  synchronized void acquireHistory(String deviceId, long bytes) throws StreamException {
    if (bytes > resources.historyBytes() - historyBytes) {
      throw new StreamException(
          Reason.LIMIT_REACHED,
          "history of %s: %d MiB more than the limit of %d MiB for all open devices (max-history-mb)"
              .formatted(
                  deviceId,
                  mebibytes(bytes - (resources.historyBytes() - historyBytes)),
                  mebibytes(resources.historyBytes())));
    }
    historyBytes += bytes;
  }

  synchronized void releaseHistory(long bytes) {
    historyBytes -= bytes;
  }

  /** Returns what all subscriptions and histories use. */
  synchronized ResourceUse use() {
    Account all = accounts.getOrDefault(new Scope(Kind.SERVER, ""), new Account());
    return new ResourceUse(all.bytes, historyBytes, all.framesPerSecond, all.conversionNanos / 1e9);
  }

  private Account account(Scope scope) {
    return accounts.computeIfAbsent(scope, s -> new Account());
  }

  /**
   * Returns the scopes of a subscription, the narrowest first, so that the error message names the
   * limit that the caller can influence.
   */
  private static List<Scope> scopes(Subscriber subscriber, String deviceId) {
    Scope connection = new Scope(Kind.CONNECTION, subscriber.address());
    Scope device = new Scope(Kind.DEVICE, deviceId);
    Scope server = new Scope(Kind.SERVER, "");
    return subscriber.identity().equals(Subscriber.ANONYMOUS)
        ? List.of(connection, device, server)
        : List.of(connection, new Scope(Kind.IDENTITY, subscriber.identity()), device, server);
  }

  private void checkCount(Scope scope, int subscriptions) throws StreamException {
    int limit =
        switch (scope.kind()) {
          case CONNECTION -> limits.perConnection();
          case IDENTITY -> limits.perIdentity();
          case DEVICE -> limits.perDevice();
          case SERVER -> limits.total();
        };
    String flag =
        switch (scope.kind()) {
          case CONNECTION -> "max-subscribers-per-connection";
          case IDENTITY -> "max-subscribers-per-identity";
          case DEVICE -> "max-subscribers-per-device";
          case SERVER -> "max-subscribers";
        };
    if (subscriptions >= limit) {
      throw limitReached(
          "subscribers", scope, Integer.toString(limit), flag, "close a stream or try again later");
    }
  }

  private void checkCost(List<Scope> scopes, SubscriptionCost cost) throws StreamException {
    for (Scope scope : scopes) {
      Account account = accounts.getOrDefault(scope, new Account());
      if (scope.kind() != Kind.DEVICE) {
        checkMemory(scope, account.bytesWith(cost));
        checkFrames(scope, account.framesPerSecond + cost.framesPerSecond());
      }
      checkConversions(scope, account.conversionNanosWith(cost), advice(cost));
    }
  }

  private void checkMemory(Scope scope, long bytes) throws StreamException {
    long limit = scope.isCaller() ? resources.memoryBytesPerCaller() : resources.memoryBytes();
    if (bytes > limit) {
      throw limitReached(
          "memory of streams",
          scope,
          mebibytes(limit) + " MiB",
          scope.isCaller() ? "max-stream-memory-mb-per-caller" : "max-stream-memory-mb",
          "request a shorter max_latency_ms or smaller frames, or close a stream");
    }
  }

  private void checkFrames(Scope scope, long framesPerSecond) throws StreamException {
    int limit =
        scope.isCaller() ? resources.framesPerSecondPerCaller() : resources.framesPerSecond();
    if (framesPerSecond > limit) {
      throw limitReached(
          "frames per second",
          scope,
          Integer.toString(limit),
          scope.isCaller() ? "max-frames-per-s-per-caller" : "max-frames-per-s",
          "request larger frames or close a stream");
    }
  }

  private void checkConversions(Scope scope, long nanos, String advice) throws StreamException {
    double share =
        switch (scope.kind()) {
          case CONNECTION, IDENTITY -> resources.conversionSharePerCaller();
          case DEVICE -> resources.conversionShare();
          case SERVER -> Double.MAX_VALUE; // each device has a thread of its own
        };
    if (nanos > share * 1e9) {
      throw conversionLimitReached(
          scope.description(),
          share,
          scope.isCaller() ? "max-conversion-percent-per-caller" : "max-conversion-percent",
          advice);
    }
  }

  private static String advice(SubscriptionCost cost) {
    if (cost.measuresLevels()) {
      return "request the interval_ms of another of these streams, or close one";
    }
    return cost.encodes()
        ? "request the codec, bitrate, format and frame_size of another stream, or close one"
        : CONVERSION_ADVICE;
  }

  /** Returns the refusal of a conversion that takes too much processor time. */
  StreamException deviceConversionLimitReached(String deviceId) {
    return conversionLimitReached(
        new Scope(Kind.DEVICE, deviceId).description(),
        resources.conversionShare(),
        "max-conversion-percent",
        CONVERSION_ADVICE);
  }

  private static StreamException conversionLimitReached(
      String scope, double share, String flag, String advice) {
    return new StreamException(
        Reason.LIMIT_REACHED,
        "conversions%s: the limit of %.0f %% of a processor is reached (%s); %s"
            .formatted(scope, 100 * share, flag, advice));
  }

  private static StreamException limitReached(
      String resource, Scope scope, String limit, String flag, String advice) {
    return new StreamException(
        Reason.LIMIT_REACHED,
        "%s%s: the limit of %s is reached (%s); %s"
            .formatted(resource, scope.description(), limit, flag, advice));
  }

  private static long mebibytes(long bytes) {
    return bytes >> 20;
  }
}
