package dev.lavalier.app;

import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.netty.PeerAddress;
import dev.lavalier.observe.AuditLog;
import dev.lavalier.observe.JfrEvents;
import dev.lavalier.observe.Metrics;
import dev.lavalier.service.CallObserver;
import dev.lavalier.service.RefusalObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of a server: always the audit log and flight recorder events, and metrics if a
 * metrics address is configured. Without that address, the server keeps no metrics. {@link #start}
 * and {@link #close} are called once each.
 */
final class Telemetry implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Telemetry.class);

  private final Optional<MetricsOptions.Values> config;
  private final @Nullable Metrics metrics; // null: the server keeps no metrics
  private final AuditLog audit;
  private final HubObserver hubObserver;
  private @Nullable MetricsEndpoint endpoint; // null: not listening

  Telemetry(TimeSource timeSource, Optional<MetricsOptions.Values> config, String version) {
    this.config = config;
    this.metrics = config.isPresent() ? new Metrics(version) : null;
    this.audit = new AuditLog(timeSource);
    List<HubObserver> observers = new ArrayList<>();
    observers.add(audit);
    observers.add(new JfrEvents());
    if (metrics != null) {
      observers.add(metrics);
    }
    this.hubObserver = HubObserver.all(observers);
  }

  /** Returns the observer for the hub. */
  HubObserver hubObserver() {
    return hubObserver;
  }

  /** Returns the metrics; empty: the server keeps none. */
  Optional<Metrics> metrics() {
    return Optional.ofNullable(metrics);
  }

  /** Returns the observer for subscriptions that are refused. */
  RefusalObserver refusalObserver() {
    return audit::onSubscriptionRefused;
  }

  /** Returns the observer for the transport. */
  CallObserver callObserver() {
    return metrics == null ? CallObserver.NONE : new CallMetrics(metrics);
  }

  /**
   * Starts the metrics endpoint, if its address is configured.
   *
   * @param limits the limits of the hub
   * @param directMessages returns the number of messages that were sent directly
   * @throws ListenException if the endpoint cannot listen on the address
   */
  void start(Hub hub, ResourceLimits limits, LongSupplier directMessages) throws ListenException {
    if (metrics == null) {
      return;
    }
    metrics.watch(hub::devices);
    metrics.watchResources(hub::resourceUse, limits);
    metrics.watchDirectMessages(directMessages);
    metrics.watchDroppedLines("audit", Logging::droppedAuditLines);
    metrics.watchDroppedLines("server", Logging::droppedLines);
    InetSocketAddress requested = config.orElseThrow().address();
    try {
      endpoint = new MetricsEndpoint(requested, config.orElseThrow().hosts(), metrics);
    } catch (IOException e) {
      throw new ListenException("metrics-port", requested, e);
    }
    log.info(
        "metrics at http://{}:{}/metrics",
        PeerAddress.display(requested.getAddress()),
        endpoint.address().getPort());
    if (!requested.getAddress().isLoopbackAddress()) {
      log.warn(
          "metrics: anyone who can reach {} can read them; there is no authentication",
          requested.getAddress().getHostAddress());
    }
  }

  @Override
  public void close() {
    if (endpoint != null) {
      endpoint.close();
    }
    if (metrics != null) {
      metrics.close();
    }
  }

  private record CallMetrics(Metrics metrics) implements CallObserver {
    @Override
    public void onConnected() {
      metrics.onConnected();
    }

    @Override
    public void onDisconnected() {
      metrics.onDisconnected();
    }

    @Override
    public void onCallStarted(String method) {
      metrics.onCallStarted(method);
    }

    @Override
    public void onCallEnded(String method, String code) {
      metrics.onCallEnded(method, code);
    }
  }
}
