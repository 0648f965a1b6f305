package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.hub.SubscriberLimits;
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
 * @param names how the sound system names its mixers
 * @param devices in the order of the sound system; some are not plugged in
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
    MixerNames names,
    List<SimulatedDevice> devices,
    Set<String> keptOpen,
    SubscriberLimits limits) {

  private static final List<Duration> HISTORIES =
      List.of(Duration.ZERO, Duration.ofMillis(400), Duration.ofSeconds(2));
  private static final List<Duration> STALL_TIMEOUTS =
      List.of(Duration.ofSeconds(4), Duration.ofSeconds(10), Duration.ofSeconds(30));

  /**
   * Returns random parameters.
   *
   * @param silence decides which devices are silent at first
   */
  static Scenario random(SplittableRandom random, SplittableRandom silence) {
    List<SimulatedDevice> devices = new ArrayList<>();
    MixerNames names = pick(List.of(MixerNames.values()), random);
    int models = 1 + random.nextInt(2);
    for (int i = 0; i < models; i++) {
      addDevices(i == 0 ? "Mic" : "Cam", devices, random, silence);
    }
    Set<String> keptOpen = new HashSet<>();
    Duration history = pick(HISTORIES, random);
    boolean isFirstUnique = devices.stream().filter(each -> each.model.equals("Mic")).count() == 1;
    if (!history.isZero() && random.nextInt(3) == 0 && isFirstUnique) {
      keptOpen.add(names.idOf(devices.get(0).model));
    }
    return new Scenario(
        random.nextInt(3) == 0,
        random.nextInt(4) != 0,
        1 + random.nextInt(2),
        1 + random.nextInt(6),
        millis(10 + random.nextInt(300)),
        lengthNanos(devices, random),
        history,
        pick(STALL_TIMEOUTS, random),
        names,
        devices,
        keptOpen,
        limits(random));
  }

  private static long lengthNanos(List<SimulatedDevice> devices, SplittableRandom random) {
    long millis = random.nextInt(20) == 0 ? 20_000 : 500 + random.nextInt(4_000);
    boolean silent = devices.stream().anyMatch(each -> each.properties.silentSamples() > 0);
    return millis(silent ? millis + 10_000 : millis);
  }

  private static SubscriberLimits limits(SplittableRandom random) {
    return random.nextInt(3) == 0
        ? new SubscriberLimits(
            2 + random.nextInt(4),
            1 + random.nextInt(4),
            1 + random.nextInt(3),
            1 + random.nextInt(3))
        : SubscriberLimits.DEFAULTS;
  }

  /**
   * Adds equal devices. They are all plugged in, because nothing can tell a device that was never
   * listed from an equal one that was removed.
   */
  private static void addDevices(
      String model,
      List<SimulatedDevice> devices,
      SplittableRandom random,
      SplittableRandom silence) {
    int count = random.nextInt(3) == 0 ? 2 + random.nextInt(2) : 1;
    PcmFormat format = format(random);
    for (int number = 0; number < count; number++) {
      long silentMillis = silence.nextInt(20) == 0 ? 1_000 + silence.nextInt(10_000) : 0;
      SimulatedDevice device = device(model, number, format, silentMillis, random);
      device.plugged = count > 1 || random.nextInt(8) != 0;
      devices.add(device);
    }
  }

  private static PcmFormat format(SplittableRandom random) {
    SampleEncoding encoding =
        pick(List.of(SampleEncoding.S24LE, SampleEncoding.S32LE, SampleEncoding.F32LE), random);
    int rate = pick(List.of(8_000, 8_000, 16_000), random);
    return new PcmFormat(encoding, rate, 1 + random.nextInt(2));
  }

  private static SimulatedDevice device(
      String model, int number, PcmFormat format, long silentMillis, SplittableRandom random) {
    int rate = format.sampleRateHz();
    int period = pick(List.of(10, 10, 20, 50, 5), random);
    boolean bursts = random.nextInt(4) == 0;
    SimulatedLine.Properties properties =
        new SimulatedLine.Properties(
            format,
            rate / 5,
            random.nextInt(3) == 0 ? 0 : random.nextInt(401) - 200,
            bursts ? 1 + random.nextInt(rate / 50) : 1,
            millis(random.nextInt(3) == 0 ? random.nextInt(1_500) : 0),
            silentMillis * rate / 1_000,
            pick(List.of(Overrun.values()), random),
            pick(List.of(Unplugged.values()), random));
    return new SimulatedDevice(model, number, properties, period, random.nextBoolean());
  }

  /** Returns whether there is an equal device. */
  boolean hasTwin(SimulatedDevice device) {
    return devices.stream().anyMatch(each -> each != device && each.model.equals(device.model));
  }

  /** Returns whether a device is kept open. It has no equal one, so it keeps its id. */
  boolean isKeptOpen(SimulatedDevice device) {
    return keptOpen.contains(names.idOf(device.model));
  }

  static <T> T pick(List<T> from, SplittableRandom random) {
    return from.get(random.nextInt(from.size()));
  }

  private static long millis(long millis) {
    return millis * 1_000_000L;
  }
}
