package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.simulation.SimulatedLine.Overrun;
import dev.lavalier.simulation.SimulatedLine.Unplugged;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The random parameters of a run.
 *
 * @param calm whether the machine is never slow and no thread is ever frozen
 * @param faulty whether devices have faults
 * @param loops number of delivery loops
 * @param maxSubscribers number of subscribers at a time
 * @param actionNanos mean time between two random actions
 * @param lengthNanos how long there are random actions
 */
record Scenario(
    boolean calm,
    boolean faulty,
    int loops,
    int maxSubscribers,
    long actionNanos,
    long lengthNanos,
    Duration history,
    Duration stallTimeout,
    List<SimulatedDevice> devices,
    Set<String> keptOpen) {

  private static final List<Duration> HISTORIES =
      List.of(Duration.ZERO, Duration.ofMillis(400), Duration.ofSeconds(2));
  private static final List<Duration> STALL_TIMEOUTS =
      List.of(Duration.ofSeconds(4), Duration.ofSeconds(10), Duration.ofSeconds(30));

  static Scenario random(SplittableRandom random) {
    List<SimulatedDevice> devices = new ArrayList<>();
    int count = 1 + random.nextInt(2);
    for (int i = 0; i < count; i++) {
      devices.add(device("mic" + i, random));
    }
    Set<String> keptOpen = new HashSet<>();
    Duration history = pick(HISTORIES, random);
    if (!history.isZero() && random.nextInt(3) == 0) {
      keptOpen.add("mic0");
    }
    return new Scenario(
        random.nextInt(3) == 0,
        random.nextInt(4) != 0,
        1 + random.nextInt(2),
        1 + random.nextInt(6),
        millis(10 + random.nextInt(300)),
        millis(random.nextInt(20) == 0 ? 20_000 : 500 + random.nextInt(4_000)),
        history,
        pick(STALL_TIMEOUTS, random),
        devices,
        keptOpen);
  }

  private static SimulatedDevice device(String id, SplittableRandom random) {
    SampleEncoding encoding =
        pick(List.of(SampleEncoding.S24LE, SampleEncoding.S32LE, SampleEncoding.F32LE), random);
    int rate = pick(List.of(8_000, 8_000, 16_000), random);
    PcmFormat format = new PcmFormat(encoding, rate, 1 + random.nextInt(2));
    int period = pick(List.of(10, 10, 20, 50, 5), random);
    boolean bursts = random.nextInt(4) == 0;
    SimulatedLine.Properties properties =
        new SimulatedLine.Properties(
            format,
            rate / 5,
            random.nextInt(3) == 0 ? 0 : random.nextInt(401) - 200,
            bursts ? 1 + random.nextInt(rate / 50) : 1,
            millis(random.nextInt(3) == 0 ? random.nextInt(1_500) : 0),
            pick(List.of(Overrun.values()), random),
            pick(List.of(Unplugged.values()), random));
    return new SimulatedDevice(id, properties, period, random.nextBoolean());
  }

  static <T> T pick(List<T> from, SplittableRandom random) {
    return from.get(random.nextInt(from.size()));
  }

  private static long millis(long millis) {
    return millis * 1_000_000L;
  }
}
