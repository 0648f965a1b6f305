package dev.lavalier.client.bench;

import com.sun.management.OperatingSystemMXBean;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Measures the event loops, this process and, on Linux, the machine. */
final class MachineProbe implements LoadProbe {

  /**
   * Not a divisor of frames of 10 or 20 ms, so heartbeats fall into bursts of frames as often as
   * between them.
   */
  private static final long HEARTBEAT_INTERVAL_NANOS = 7_000_000;

  private static final double NANOS_PER_SECOND = 1e9;
  private static final Path STAT = Path.of("/proc/stat");

  /** Fields of the first line of /proc/stat, after "cpu". */
  private static final int IDLE = 3;

  private static final int IO_WAIT = 4;

  /** The fields after these count the time of guests a second time. */
  private static final int COUNTED_FIELDS = 8;

  /** Processor time of the machine, in ticks; both are 0 if the time is not available. */
  private record Ticks(long all, long idle) {}

  private final List<Heartbeat> heartbeats = new ArrayList<>();
  private final int processors = Runtime.getRuntime().availableProcessors();
  private volatile boolean measuring;
  private long startedAt;
  private OptionalLong cpuAtStart = OptionalLong.empty();
  private Ticks ticksAtStart = new Ticks(0, 0);

  /** Starts a heartbeat on each loop. The heartbeats end with the loops. */
  MachineProbe(EventLoopGroup loops) {
    for (EventExecutor loop : loops) {
      Heartbeat heartbeat = new Heartbeat(loop);
      heartbeats.add(heartbeat);
      loop.execute(heartbeat::start);
    }
  }

  @Override
  public void start() {
    startedAt = System.nanoTime();
    cpuAtStart = processCpuNanos();
    ticksAtStart = machineTicks();
    measuring = true;
  }

  @Override
  public GeneratorLoad stop() {
    measuring = false;
    double available = processors * (double) (System.nanoTime() - startedAt);
    OptionalDouble cpu = OptionalDouble.empty();
    OptionalLong cpuNow = processCpuNanos();
    if (cpuNow.isPresent() && cpuAtStart.isPresent()) {
      cpu = OptionalDouble.of((double) (cpuNow.getAsLong() - cpuAtStart.getAsLong()));
    }
    Ticks ticks = machineTicks();
    long all = ticks.all() - ticksAtStart.all();
    Histogram lateness = LatencySummary.histogram();
    heartbeats.forEach(heartbeat -> lateness.add(heartbeat.lateness()));
    return new GeneratorLoad(
        LatencySummary.of(lateness, 0),
        processors,
        scale(cpu, 1 / NANOS_PER_SECOND),
        scale(cpu, 1 / available),
        all > 0
            ? OptionalDouble.of((ticks.idle() - ticksAtStart.idle()) / (double) all)
            : OptionalDouble.empty());
  }

  private static OptionalDouble scale(OptionalDouble value, double factor) {
    return value.isPresent()
        ? OptionalDouble.of(value.getAsDouble() * factor)
        : OptionalDouble.empty();
  }

  private static OptionalLong processCpuNanos() {
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean process
        && process.getProcessCpuTime() >= 0) {
      return OptionalLong.of(process.getProcessCpuTime());
    }
    return OptionalLong.empty();
  }

  private static Ticks machineTicks() {
    try (var lines = Files.lines(STAT)) {
      String[] fields = lines.findFirst().orElse("").trim().split(" +", -1);
      long all = 0;
      for (int i = 0; i < COUNTED_FIELDS; i++) {
        all += Long.parseLong(fields[1 + i]);
      }
      return new Ticks(all, Long.parseLong(fields[1 + IDLE]) + Long.parseLong(fields[1 + IO_WAIT]));
    } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
      return new Ticks(0, 0); // not Linux
    }
  }

  /**
   * A task that is due every 7 ms. After a late heartbeat, the delayed ones follow at once, each
   * with its remaining lateness.
   */
  private final class Heartbeat implements Runnable {

    private final EventExecutor loop;
    private final Histogram lateness = LatencySummary.histogram();
    private long dueAt;

    Heartbeat(EventExecutor loop) {
      this.loop = loop;
    }

    void start() {
      dueAt = System.nanoTime();
      run();
    }

    @Override
    public void run() {
      long now = System.nanoTime();
      if (measuring) {
        synchronized (lateness) {
          LatencySummary.record(lateness, now - dueAt);
        }
      }
      dueAt += HEARTBEAT_INTERVAL_NANOS;
      if (!loop.isShuttingDown()) {
        var unused = loop.schedule(this, Math.max(0, dueAt - now), TimeUnit.NANOSECONDS);
      }
    }

    Histogram lateness() {
      synchronized (lateness) {
        return lateness.copy();
      }
    }
  }
}
