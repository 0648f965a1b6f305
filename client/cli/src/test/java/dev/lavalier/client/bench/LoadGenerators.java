package dev.lavalier.client.bench;

import io.grpc.Channel;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/** Load generators for tests, with an injected channel, clock and machine load. */
public final class LoadGenerators {

  private static final LatencySummary NEVER_LATE = new LatencySummary(1_000, 0, 0, 0, 0, 0);

  private LoadGenerators() {}

  /** Returns the load of an idle machine. */
  public static GeneratorLoad idle() {
    return load(0, 0, 1);
  }

  /** Returns the load of a run of one second on a machine with two processors. */
  public static GeneratorLoad load(double latenessP99Ms, double cpuShare, double idleShare) {
    return new GeneratorLoad(
        new LatencySummary(1_000, 0, 0, latenessP99Ms, latenessP99Ms, latenessP99Ms),
        2,
        OptionalDouble.of(2 * cpuShare),
        OptionalDouble.of(cpuShare),
        OptionalDouble.of(idleShare));
  }

  /** Returns the load of a machine that does not report it. */
  public static GeneratorLoad unknown() {
    return new GeneratorLoad(
        NEVER_LATE, 2, OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty());
  }

  /** Creates a load generator that waits for late streams until {@code timeIsUp}. */
  public static LoadGenerator over(
      Channel channel,
      LongSupplier unixNanos,
      GeneratorLoad generatorLoad,
      BooleanSupplier timeIsUp) {
    return LoadGenerator.over(
        () -> new FakeTransport(channel, generatorLoad),
        unixNanos,
        (latch, seconds) -> await(latch, timeIsUp));
  }

  private static boolean await(CountDownLatch latch, BooleanSupplier timeIsUp)
      throws InterruptedException {
    while (!latch.await(1, TimeUnit.MILLISECONDS)) {
      if (timeIsUp.getAsBoolean()) {
        return false;
      }
    }
    return true;
  }

  private record FakeTransport(Channel channel, GeneratorLoad generatorLoad) implements Transport {
    @Override
    public LoadProbe probe() {
      return new LoadProbe() {
        @Override
        public void start() {}

        @Override
        public GeneratorLoad stop() {
          return generatorLoad;
        }
      };
    }

    @Override
    public Channel connect() {
      return channel;
    }

    @Override
    public void close() {}
  }
}
