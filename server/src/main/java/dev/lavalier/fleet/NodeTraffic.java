package dev.lavalier.fleet;

import dev.lavalier.common.LogText;
import dev.lavalier.common.RateLimitedLog;
import dev.lavalier.common.TimeSource;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts the blocks that an edge receives from one node, over all processes of the node. Logs
 * ignored blocks once per device and minute. Safe for use from any thread.
 */
final class NodeTraffic {

  private static final Logger log = LoggerFactory.getLogger(NodeTraffic.class);

  private static final Duration WINDOW = Duration.ofMinutes(1);

  private final String node;
  private final FleetObserver observer;
  private final TimeSource time;
  private final LongAdder received = new LongAdder();
  private final Map<IgnoredBlock, LongAdder> ignored = new EnumMap<>(IgnoredBlock.class);
  private final LongAdder missing = new LongAdder();
  private final Map<String, RateLimitedLog> logs = new ConcurrentHashMap<>(); // by device

  NodeTraffic(String node, FleetObserver observer, TimeSource time) {
    this.node = node;
    this.observer = observer;
    this.time = time;
    for (IgnoredBlock reason : IgnoredBlock.values()) {
      ignored.put(reason, new LongAdder());
    }
  }

  void onQueued(long nanos) {
    observer.onQueued(nanos);
  }

  void onReceived(long waitedNanos) {
    received.increment();
    observer.onBlock(node, waitedNanos);
  }

  void onIgnored(String device, IgnoredBlock reason) {
    ignored.get(reason).increment();
    if (logs.size() >= Messages.MAX_DEVICES && !logs.containsKey(device)) {
      logs.clear(); // the devices of the node have changed
    }
    logs.computeIfAbsent(device, this::newLog)
        .log(() -> "%s: a block is ignored: %s".formatted(device, text(reason)));
  }

  private RateLimitedLog newLog(String device) {
    return new RateLimitedLog(
        time,
        1,
        WINDOW,
        more ->
            "%s: %d more blocks were ignored within the last minute"
                .formatted(LogText.truncate(device, LogText.MAX_LENGTH), more),
        log::warn);
  }

  private static String text(IgnoredBlock reason) {
    return switch (reason) {
      case MALFORMED -> "it is malformed";
      case TOO_LONG -> "it has more samples than its node has said";
      case OLD_EPOCH -> "it is of an earlier epoch";
      case REPEATED -> "it is not later than the block before";
      case LATE -> "it waited too long on the way";
      case AHEAD -> "its index or its time is too late";
    };
  }

  /** Counts samples per channel that were lost on the way. */
  void onMissing(long samples) {
    missing.add(samples);
  }

  long received() {
    return received.sum();
  }

  Map<IgnoredBlock, Long> ignored() {
    Map<IgnoredBlock, Long> counts = new EnumMap<>(IgnoredBlock.class);
    ignored.forEach((reason, count) -> counts.put(reason, count.sum()));
    return Map.copyOf(counts);
  }

  long missing() {
    return missing.sum();
  }
}
