package dev.lavalier.observe;

import com.sun.management.OperatingSystemMXBean;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.hub.DeviceState;
import dev.lavalier.hub.DeviceStatus;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.ResourceUse;
import dev.lavalier.hub.SubscriptionStatus;
import dev.lavalier.pipeline.StreamMetrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metrics of a server, for Prometheus. docs/reference/metrics.md lists them. Safe for use from
 * any thread.
 *
 * <p>The values of labels are devices, methods and fixed words, never callers or addresses, so the
 * number of series depends only on the number of devices captured so far. Counters of a device
 * remain after the device disappears. Gauges cover only the devices that currently exist. An edge
 * of a fleet has gauges only for devices that were opened on it.
 */
public final class Metrics implements HubObserver, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Metrics.class);

  static final String PREFIX = "lavalier.";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Map<String, DeviceMetrics> metricsByDevice = new ConcurrentHashMap<>();
  private final AtomicInteger connections = new AtomicInteger();
  private final Counter connected;
  private final MultiGauge states;
  private final MultiGauge subscribers;
  private final MultiGauge clocks;
  private final MultiGauge peakLevels;
  private final MultiGauge rmsLevels;
  private final JvmGcMetrics gcMetrics = new JvmGcMetrics();
  private final List<Runnable> scrapeListeners = new CopyOnWriteArrayList<>();
  private volatile Supplier<List<DeviceStatus>> devices = List::of;

  /**
   * Creates the metrics, with all counters at zero.
   *
   * @param version the version of the server
   */
  public Metrics(String version) {
    // These have other names in the conventions of Prometheus.
    registry.config().meterFilter(MeterFilter.denyNameStartsWith("process.cpu.time"));
    registry.config().meterFilter(MeterFilter.denyNameStartsWith("system.cpu.count"));
    registry
        .config()
        .onMeterRegistrationFailed(
            (id, why) -> log.warn("metric not registered: {}: {}", id.getName(), why));
    states = gauges("device.state", "1 for the state that the device is in, 0 for the others");
    subscribers =
        gauges("device.subscribers", "Subscriptions, including those that wait for the device");
    clocks =
        ratios(
            "device.clock.drift",
            "Clock drift of the device relative to the server, positive if the device is fast");
    peakLevels =
        ratios(
            "device.level.peak",
            "Highest absolute value of all channels in the last second, as a share of full scale");
    rmsLevels =
        ratios(
            "device.level.rms",
            "RMS of the loudest channel in the last second, as a share of full scale");
    Gauge.builder(PREFIX + "connections", connections, AtomicInteger::get)
        .description("Open client connections")
        .register(registry);
    connected =
        Counter.builder(PREFIX + "connections.accepted")
            .description("Client connections accepted")
            .register(registry);
    Gauge.builder(PREFIX + "build.info", () -> 1)
        .description("Version of the server and of Java")
        .tags("version", version, "java", Runtime.version().toString())
        .register(registry);
    bindJvmMetrics();
  }

  /** Adds the metrics of the JVM and its process. */
  private void bindJvmMetrics() {
    new JvmMemoryMetrics().bindTo(registry);
    gcMetrics.bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean process) {
      FunctionCounter.builder("process.cpu", process, it -> it.getProcessCpuTime() / 1e9)
          .baseUnit("seconds")
          .description("Processor time used, over all cores")
          .register(registry);
    }
  }

  private MultiGauge gauges(String name, String help) {
    return MultiGauge.builder(PREFIX + name).description(help).register(registry);
  }

  private MultiGauge ratios(String name, String help) {
    return MultiGauge.builder(PREFIX + name).baseUnit("ratio").description(help).register(registry);
  }

  /** Sets the supplier of the current devices. Each scrape calls it. */
  public void watch(Supplier<List<DeviceStatus>> deviceSupplier) {
    devices = deviceSupplier;
  }

  /**
   * Adds the count of the lines that a log could not write.
   *
   * @param log the name of the log
   * @param dropped returns the number of lines since the start
   */
  public void watchDroppedLines(String log, LongSupplier dropped) {
    FunctionCounter.builder(PREFIX + "log.lines.dropped", this, it -> dropped.getAsLong())
        .description("Log lines that were not written, because standard error was not read in time")
        .tag("log", log)
        .register(registry);
  }

  /**
   * Adds the count of the messages that were sent directly.
   *
   * @param sent returns the number of messages since the start
   */
  public void watchDirectMessages(LongSupplier sent) {
    FunctionCounter.builder(PREFIX + "messages.sent.directly", this, it -> sent.getAsLong())
        .description(
            "Messages of StreamFrames, PullFrames and calls over WebSocket that were sent directly")
        .register(registry);
  }

  /**
   * Adds the resources that are reserved for streams, and their limits.
   *
   * @param use returns the current use
   */
  public void watchResources(Supplier<ResourceUse> use, ResourceLimits limits) {
    gauge("streams.memory", "bytes", "Memory reserved for streams", () -> use.get().memoryBytes());
    gauge("streams.memory.limit", "bytes", "Its limit", limits::memoryBytes);
    gauge(
        "history.memory", "bytes", "Memory reserved for histories", () -> use.get().historyBytes());
    gauge("history.memory.limit", "bytes", "Its limit", limits::historyBytes);
    gauge(
        "streams.frame.rate",
        null,
        "Frames per second of all streams",
        () -> use.get().framesPerSecond());
    gauge("streams.frame.rate.limit", null, "Its limit", limits::framesPerSecond);
    gauge(
        "conversions.share",
        "ratio",
        "Estimated processor time of all conversions, as a share of one processor",
        () -> use.get().conversionShare());
    gauge(
        "conversions.share.limit",
        "ratio",
        "The limit for the conversions of one device",
        limits::conversionShare);
  }

  private void gauge(String name, @Nullable String unit, String help, Supplier<Number> value) {
    Gauge.builder(PREFIX + name, value).baseUnit(unit).description(help).register(registry);
  }

  /** Returns the registry, for further metrics of this server. */
  MeterRegistry registry() {
    return registry;
  }

  /** Adds a listener that each scrape calls first, one scrape at a time. */
  void beforeScrape(Runnable listener) {
    scrapeListeners.add(listener);
  }

  /** Returns the current values of all metrics. */
  public synchronized MetricSnapshots scrape() {
    scrapeListeners.forEach(Runnable::run);
    List<Row<?>> stateRows = new ArrayList<>();
    List<Row<?>> subscriberRows = new ArrayList<>();
    List<Row<?>> clockRows = new ArrayList<>();
    List<Row<?>> peakRows = new ArrayList<>();
    List<Row<?>> rmsRows = new ArrayList<>();
    for (DeviceStatus status : devices.get()) {
      DeviceMetrics known = metricsByDevice.get(status.device().id());
      if (known == null && !status.device().nodeId().isEmpty()) {
        continue; // all nodes together can have many devices
      }
      Tags device = Tags.of("device", status.device().id());
      for (DeviceState state : DeviceState.values()) {
        Tags tags = device.and("state", state.name().toLowerCase(Locale.ROOT));
        stateRows.add(Row.of(tags, status.state() == state ? 1 : 0));
      }
      subscriberRows.add(Row.of(device, status.subscriberCount()));
      if (known != null && status.state() == DeviceState.OPEN) {
        addKnown(peakRows, device, known.peakLevel());
        addKnown(rmsRows, device, known.rmsLevel());
      }
    }
    metricsByDevice.forEach(
        (id, deviceMetrics) ->
            addKnown(clockRows, Tags.of("device", id), deviceMetrics.clockDrift()));
    states.register(stateRows, true);
    subscribers.register(subscriberRows, true);
    clocks.register(clockRows, true);
    peakLevels.register(peakRows, true);
    rmsLevels.register(rmsRows, true);
    return registry.getPrometheusRegistry().scrape();
  }

  private static void addKnown(List<Row<?>> rows, Tags device, double value) {
    if (!Double.isNaN(value)) {
      rows.add(Row.of(device, value));
    }
  }

  // Events of the hub.

  private DeviceMetrics deviceMetrics(String deviceId) {
    return metricsByDevice.computeIfAbsent(deviceId, id -> new DeviceMetrics(id, registry));
  }

  @Override
  public StreamMetrics streamMetrics(String deviceId) {
    return deviceMetrics(deviceId);
  }

  @Override
  public void onOpened(String deviceId, PcmFormat format, long epoch) {
    deviceMetrics(deviceId).onOpened();
  }

  @Override
  public void onClosed(
      String deviceId,
      long epoch,
      Duration open,
      long samples,
      String reason,
      boolean acknowledged) {
    deviceMetrics(deviceId).onClosed();
  }

  @Override
  public void onLost(String deviceId, String reason) {
    deviceMetrics(deviceId).onLost();
  }

  @Override
  public void onRecovered(String deviceId, Duration outage) {
    deviceMetrics(deviceId).onRecovered();
  }

  @Override
  public void onOverrun(String deviceId, long samples, PcmFormat format) {
    deviceMetrics(deviceId).onOverrun(samples);
  }

  @Override
  public void onSubscribed(SubscriptionStatus subscription) {
    deviceMetrics(subscription.deviceId()).onSubscribed();
  }

  // Events of the transport.

  /** Counts a client that has connected. */
  public void onConnected() {
    connections.incrementAndGet();
    connected.increment();
  }

  /** Counts a connection of a client that has ended. */
  public void onDisconnected() {
    connections.decrementAndGet();
  }

  /**
   * Counts a call that has started.
   *
   * @param method {@code service/method}, which the server has
   */
  public void onCallStarted(String method) {
    Counter.builder(PREFIX + "grpc.calls.started")
        .description("Calls started")
        .tag("method", method)
        .register(registry)
        .increment();
  }

  /**
   * Counts a call that has ended.
   *
   * @param method the same as at the start; {@code unknown} if the server has no such method
   * @param code the name of the status code
   */
  public void onCallEnded(String method, String code) {
    Counter.builder(PREFIX + "grpc.calls.ended")
        .description("Calls ended, by status code")
        .tags("method", method, "code", code)
        .register(registry)
        .increment();
  }

  @Override
  public void close() {
    gcMetrics.close();
    registry.close();
  }
}
