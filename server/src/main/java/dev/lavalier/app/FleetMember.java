package dev.lavalier.app;

import dev.lavalier.access.InvalidFileException;
import dev.lavalier.capture.Devices;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.EpochFile;
import dev.lavalier.fleet.FleetDevices;
import dev.lavalier.fleet.FleetObserver;
import dev.lavalier.fleet.NodeAgent;
import dev.lavalier.fleet.NodeOptions;
import dev.lavalier.fleet.nats.NatsLink;
import dev.lavalier.fleet.nats.NatsOptions;
import dev.lavalier.fleet.nats.NatsTls;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.EpochClock;
import dev.lavalier.hub.Hub;
import dev.lavalier.observe.FleetAudit;
import dev.lavalier.observe.FleetMetrics;
import dev.lavalier.observe.Metrics;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of a server that is in a fleet: its link, and the agent of a node. Only this class uses
 * the classes of the fleet, and only a server with {@code --fleet} creates one. For use by one
 * thread at a time.
 */
final class FleetMember implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(FleetMember.class);

  private static final Duration HEALTH_INTERVAL = Duration.ofMillis(500);

  private final FleetOptions.Values config;
  private final TimeSource time;
  private final NatsLink link;
  private final Optional<EpochFile> epochFile;

  /** Sends the blocks of all shared devices. */
  private final ExecutorService sender =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "lavalier-fleet-sender");
            thread.setDaemon(true);
            return thread;
          });

  private @Nullable NodeAgent agent; // null: an edge, or not started
  private volatile boolean closed;

  /**
   * Starts to connect, in the background.
   *
   * @throws IllegalArgumentException if the file for the state cannot be used; its message is one
   *     line for the user
   */
  FleetMember(FleetOptions.Values config, TimeSource time) {
    this.config = config;
    this.time = time;
    this.epochFile = config.state().map(file -> epochFile(file, time));
    this.link =
        config.role() == FleetOptions.Role.NODE
            ? NatsLink.connectNode(options(config), time)
            : NatsLink.connect(options(config), time);
    if (!config.recorded().isEmpty()) {
      link.startRecording();
    }
    config
        .unprotected()
        .ifPresent(
            url -> log.warn("insecure: anyone on the network can listen to what goes to {}", url));
  }

  /**
   * Reads the files of keys and certificates.
   *
   * @throws IllegalArgumentException if one cannot be used; its message is one line for the user
   */
  static void checkFiles(FleetOptions.Values config) {
    try {
      options(config).checkFiles();
    } catch (InvalidFileException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static NatsOptions options(FleetOptions.Values config) {
    return new NatsOptions(
        config.servers(),
        config.name(),
        config.key(),
        config.tls().map(files -> new NatsTls(files.ca(), files.certificate(), files.privateKey())),
        config.oldEngine());
  }

  private static EpochFile epochFile(Path file, TimeSource time) {
    try {
      return EpochFile.open(file, time);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "fleet-state: %s (expected: a file that the server can read and write; %s)"
              .formatted(file, e.getMessage()),
          e);
    }
  }

  /** Returns the clock that numbers the epochs of the devices of this machine. */
  EpochClock epochs() {
    return epochFile.isPresent() ? epochFile.get() : EpochClock.WALL;
  }

  /** Returns the devices of all nodes. Called once, for an edge. */
  Devices devices(Optional<Metrics> metrics) {
    Optional<FleetMetrics> fleetMetrics = metrics.map(FleetMetrics::new);
    FleetObserver observer = fleetMetrics.<FleetObserver>map(m -> m).orElse(FleetObserver.NONE);
    FleetDevices devices = new FleetDevices(config.name(), link, observer, time);
    fleetMetrics.ifPresent(each -> each.watchEdge(devices::status));
    return devices;
  }

  /**
   * Starts to share the devices of the hub, if this is a node. Called once.
   *
   * @param connection called twice a second: whether there is a connection
   */
  void start(Hub hub, Optional<Metrics> metrics, Consumer<Boolean> connection) {
    if (config.role() == FleetOptions.Role.NODE) {
      agent =
          new NodeAgent(
              new NodeOptions(
                  config.name(),
                  new SecureRandom().nextLong(),
                  ServerMain.version(),
                  config::isShared,
                  config.recorded()::contains,
                  config.named(),
                  epochs()),
              hub,
              new DeliveryLoop(sender),
              link,
              new FleetAudit(),
              time);
      metrics.map(FleetMetrics::new).ifPresent(each -> each.watchNode(agent::status));
      agent.start();
    }
    reportConnection(connection);
  }

  private void reportConnection(Consumer<Boolean> connection) {
    if (!closed) {
      connection.accept(link.isConnected());
      time.schedule(HEALTH_INTERVAL, () -> reportConnection(connection));
    }
  }

  /** Ends the subscriptions of edges, so that they know at once. Called before the hub stops. */
  void stopSharing() {
    if (agent != null) {
      agent.close();
    }
  }

  @Override
  public void close() {
    closed = true;
    stopSharing();
    sender.shutdown();
    link.close();
    epochFile.ifPresent(EpochFile::close);
  }
}
