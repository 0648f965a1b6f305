package dev.lavalier.app;

import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.netty.PeerAddress;
import dev.lavalier.observe.AuditLog;
import dev.lavalier.observe.JfrEvents;
import dev.lavalier.observe.Metrics;
import dev.lavalier.observe.MetricsEndpoint;
import dev.lavalier.service.CallObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is recorded of a server: the audit and flight recorder events always, figures where there is
 * an address to tell them at; without one nothing is counted.
 */
final class Telemetry implements AutoCloseable {

  /** The figures' address could not be had. */
  static final class MetricsBindException extends IOException {
    private static final long serialVersionUID = 1;

    MetricsBindException(String line, IOException cause) {
      super(line, cause);
    }
  }

  private static final Logger log = LoggerFactory.getLogger(Telemetry.class);

  private final Optional<InetSocketAddress> address;
  private final Metrics metrics; // null: none
  private final HubObserver hubObserver;
  private MetricsEndpoint endpoint; // null: none yet

  Telemetry(TimeSource timeSource, Optional<InetSocketAddress> address, String version) {
    this.address = address;
    this.metrics = address.isPresent() ? new Metrics(version) : null;
    List<HubObserver> observers = new ArrayList<>();
    observers.add(new AuditLog(timeSource));
    observers.add(new JfrEvents());
    if (metrics != null) {
      observers.add(metrics);
    }
    this.hubObserver = HubObserver.all(observers);
  }

  /** Returns what the hub is to tell. */
  HubObserver hubObserver() {
    return hubObserver;
  }

  /** Returns what the transport is to tell. */
  CallObserver callObserver() {
    return metrics == null ? CallObserver.NONE : new CallMetrics(metrics);
  }

  /**
   * Tells figures from now on, where they are wanted.
   *
   * @throws MetricsBindException where the address cannot be had; its message is the line for the
   *     user
   */
  void start(Hub hub) throws MetricsBindException {
    if (metrics == null) {
      return;
    }
    metrics.watch(hub::devices);
    InetSocketAddress requested = address.orElseThrow();
    try {
      endpoint = new MetricsEndpoint(requested, metrics);
    } catch (IOException e) {
      throw new MetricsBindException(
          "metrics-port: %d (expected: one that can be listened on at %s; %s)"
              .formatted(
                  requested.getPort(), requested.getAddress().getHostAddress(), e.getMessage()),
          e);
    }
    log.info(
        "metrics at http://{}:{}/metrics",
        PeerAddress.display(requested.getAddress()),
        endpoint.address().getPort());
    if (!requested.getAddress().isLoopbackAddress()) {
      log.warn(
          "metrics: whoever reaches {} can read them; there is no password",
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
