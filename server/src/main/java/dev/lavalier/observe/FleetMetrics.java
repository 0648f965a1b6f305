package dev.lavalier.observe;

import dev.lavalier.fleet.EdgeStatus;
import dev.lavalier.fleet.FleetObserver;
import dev.lavalier.fleet.IgnoredBlock;
import dev.lavalier.fleet.NodeStatus;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of a node or an edge, as a part of the {@link Metrics} of its server. A server that
 * is in no fleet has none.
 *
 * <p>The values of labels are devices of this machine, nodes and fixed words. There are at most
 * {@value #MAX_NODES} nodes, because nats-server decides which names exist. {@link #onBlock} and
 * {@link #onQueued} are safe for use from any thread.
 */
public final class FleetMetrics implements FleetObserver {

  /** The maximum number of nodes that get series of their own since the start. */
  static final int MAX_NODES = 1_000;

  private static final String PREFIX = Metrics.PREFIX + "fleet.";
  private static final double NANOS = 1e9;

  private final Metrics metrics;
  private final MeterRegistry registry;
  private volatile @Nullable Timer queued; // of an edge
  private final Map<String, Timer> hopAges = new ConcurrentHashMap<>(); // by node
  private final Map<List<String>, Count> counts = new HashMap<>(); // used by scrapes only

  /** A counter whose source can count from 0 again, for example after a node was forgotten. */
  private static final class Count {
    private volatile long total;
    private long last;

    void set(long value) {
      long before = total;
      total = before + (value < last ? value : value - last);
      last = value;
    }
  }

  /** Creates the metrics. They have no values before one of the {@code watch} methods is called. */
  public FleetMetrics(Metrics metrics) {
    this.metrics = metrics;
    this.registry = metrics.registry();
  }

  /** Adds the metrics of a node. Each scrape calls the supplier. Called at most once. */
  public void watchNode(Supplier<NodeStatus> status) {
    linkUp(() -> status.get().connected());
    Gauge.builder(PREFIX + "node.sharing", () -> status.get().sharing() ? 1 : 0)
        .description(
            "1 while the node shares devices, 0 if another process with its id started later")
        .register(registry);
    MultiGauge leases = gauges("leases", null, "Edges that need the device");
    MultiGauge listeners = gauges("listeners", null, "Subscriptions of all edges to the device");
    metrics.beforeScrape(
        () -> {
          List<Row<?>> leaseRows = new ArrayList<>();
          List<Row<?>> listenerRows = new ArrayList<>();
          for (NodeStatus.Shared shared : status.get().devices()) {
            Tags device = Tags.of("device", shared.device());
            leaseRows.add(Row.of(device, shared.listeners().size()));
            listenerRows.add(
                Row.of(device, shared.listeners().values().stream().mapToInt(n -> n).sum()));
            count("blocks.published", "Blocks sent to the edges", device, shared.blocksPublished());
            count(
                "samples.dropped",
                "Samples per channel that the node did not send, because the link did not take"
                    + " them or the node was overloaded",
                device,
                shared.samplesDropped());
          }
          leases.register(leaseRows, true);
          listeners.register(listenerRows, true);
        });
  }

  /** Adds the metrics of an edge. Each scrape calls the supplier. Called at most once. */
  public void watchEdge(Supplier<EdgeStatus> status) {
    linkUp(() -> status.get().connected());
    Gauge.builder(PREFIX + "nodes", () -> status.get().nodes().size())
        .description("Nodes that sent a heartbeat within 30 s")
        .register(registry);
    MultiGauge silences = gauges("node.silence", "seconds", "Time since the last heartbeat");
    MultiGauge offsets =
        gauges(
            "node.clock.offset",
            "seconds",
            "How much the wall clock of the node is ahead of that of the edge");
    MultiGauge versions = gauges("node.info", null, "Version of the server of the node");
    MultiGauge open = gauges("node.devices.open", null, "Devices of the node that the edge needs");
    queued =
        Timer.builder(PREFIX + "edge.queue.age")
            .description(
                "How long a block waited on the edge before the edge processed it, at most")
            .serviceLevelObjectives(DeviceMetrics.AGE_BUCKETS)
            .register(registry);
    metrics.beforeScrape(
        () -> {
          List<Row<?>> silenceRows = new ArrayList<>();
          List<Row<?>> offsetRows = new ArrayList<>();
          List<Row<?>> versionRows = new ArrayList<>();
          List<Row<?>> openRows = new ArrayList<>();
          for (EdgeStatus.Node each : status.get().nodes()) {
            if (hopAge(each.id()) == null) {
              continue;
            }
            Tags node = Tags.of("node", each.id());
            silenceRows.add(Row.of(node, each.silentNanos() / NANOS));
            offsetRows.add(Row.of(node, each.clockOffsetNanos() / NANOS));
            versionRows.add(Row.of(node.and("version", each.version()), 1));
            openRows.add(Row.of(node, each.openDevices()));
            count(each, node);
          }
          silences.register(silenceRows, true);
          offsets.register(offsetRows, true);
          versions.register(versionRows, true);
          open.register(openRows, true);
        });
  }

  private void count(EdgeStatus.Node node, Tags tags) {
    count("blocks.received", "Blocks received from the node and used", tags, node.blocksReceived());
    for (IgnoredBlock reason : IgnoredBlock.values()) {
      count(
          "blocks.ignored",
          "Blocks received from the node and not used",
          tags.and("reason", reason.name().toLowerCase(Locale.ROOT)),
          node.blocksIgnored().getOrDefault(reason, 0L));
    }
    count(
        "samples.missing",
        "Samples per channel that were lost between the node and the edge",
        tags,
        node.samplesMissing());
  }

  private void linkUp(Supplier<Boolean> connected) {
    Gauge.builder(PREFIX + "link.up", () -> connected.get() ? 1 : 0)
        .description("1 while the server is connected to nats-server, otherwise 0")
        .register(registry);
  }

  private MultiGauge gauges(String name, @Nullable String unit, String help) {
    return MultiGauge.builder(PREFIX + name).baseUnit(unit).description(help).register(registry);
  }

  /** Sets a counter, which is registered when it is set first. Its value never decreases. */
  private void count(String name, String help, Tags tags, long value) {
    List<String> key = new ArrayList<>(List.of(name));
    tags.forEach(tag -> key.add(tag.getValue()));
    counts
        .computeIfAbsent(
            key,
            k -> {
              Count count = new Count();
              FunctionCounter.builder(PREFIX + name, count, each -> each.total)
                  .description(help)
                  .tags(tags)
                  .register(registry);
              return count;
            })
        .set(value);
  }

  /** Returns the ages of a node; null: there are too many nodes. */
  private @Nullable Timer hopAge(String node) {
    Timer known = hopAges.get(node);
    return known != null || hopAges.size() >= MAX_NODES
        ? known
        : hopAges.computeIfAbsent(
            node,
            id ->
                Timer.builder(PREFIX + "hop.age")
                    .description(
                        "How much longer a block took from the node to the edge than the fastest"
                            + " message of the last seconds")
                    .tag("node", id)
                    .serviceLevelObjectives(DeviceMetrics.AGE_BUCKETS)
                    .register(registry));
  }

  @Override
  public void onQueued(long nanos) {
    Timer age = queued;
    if (age != null) {
      age.record(nanos, TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void onBlock(String node, long waitedNanos) {
    Timer age = hopAge(node);
    if (age != null) {
      age.record(waitedNanos, TimeUnit.NANOSECONDS);
    }
  }
}
