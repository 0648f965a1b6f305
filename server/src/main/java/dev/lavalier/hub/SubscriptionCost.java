package dev.lavalier.hub;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.LevelMeter;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.pipeline.StreamPlan;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory and the work that a subscription can cause. Immutable.
 *
 * @param bytes memory that only this subscription uses
 * @param framesPerSecond the frames that are sent, rounded up
 * @param shared what it shares with other subscriptions of the device
 */
record SubscriptionCost(long bytes, int framesPerSecond, List<Shared> shared) {

  /** Copies the list. */
  SubscriptionCost {
    shared = List.copyOf(shared);
  }

  /**
   * Memory and work that occur once, regardless of how many subscriptions need them.
   *
   * @param key equal for subscriptions that share it
   * @param conversionNanos processor time in nanoseconds for each second of audio
   */
  record Shared(Object key, long bytes, long conversionNanos) {}

  private record RingKey(String deviceId, StreamPlan plan, int slots) {}

  private record EncoderKey(String deviceId, StreamPlan plan) {}

  private record LevelsKey(String deviceId, StreamPlan plan) {}

  private record ConversionKey(String deviceId, Conversion conversion) {}

  private record PlaneKey(String deviceId, PcmFormat captured, int rate, int source) {

    PlaneKey(String deviceId, Conversion conversion, int source) {
      this(deviceId, conversion.captured(), conversion.delivered().sampleRateHz(), source);
    }
  }

  /** The objects of a subscription, of its call and of its HTTP/2 stream. */
  private static final long OBJECT_BYTES = 8 << 10;

  /** No period is longer. */
  private static final long MAX_PERIOD_NANOS = 100_000_000;

  /** Returns whether the subscription gets levels, which have no format or channels to choose. */
  boolean measuresLevels() {
    return shared.stream().anyMatch(each -> each.key() instanceof LevelsKey);
  }

  /** Returns whether the subscription needs an encoder, whatever its format is. */
  boolean encodes() {
    return shared.stream().anyMatch(each -> each.key() instanceof EncoderKey);
  }

  /**
   * Returns the cost of a subscription.
   *
   * @param conversion from the format in which the device is captured
   */
  static SubscriptionCost of(SubscriptionSpec spec, Conversion conversion) {
    StreamPlan plan = new StreamPlan(conversion, spec.frameSize(), spec.codec());
    int periodSamples = (int) conversion.captured().samplesIn(MAX_PERIOD_NANOS);
    int slots = plan.ringSlots(spec.queueFrames());
    long replay = spec.start() instanceof StartFrom.Live ? 0 : plan.replayBytes(periodSamples);
    int rate = spec.format().sampleRateHz();
    List<Shared> shared = new ArrayList<>();
    shared.add(new Shared(new RingKey(spec.deviceId(), plan, slots), plan.framerBytes(slots), 0));
    shared.add(
        new Shared(
            new ConversionKey(spec.deviceId(), conversion),
            conversion.memoryBytes(periodSamples),
            conversion.encodeNanosPerSecond()));
    conversion
        .planeNanosPerSecond()
        .forEach(
            (source, nanos) ->
                shared.add(
                    new Shared(new PlaneKey(spec.deviceId(), conversion, source), 0, nanos)));
    if (plan.encodingNanosPerSecond() > 0) {
      shared.add(
          new Shared(new EncoderKey(spec.deviceId(), plan), 0, plan.encodingNanosPerSecond()));
    }
    if (plan.measuresLevels()) {
      shared.add(
          new Shared(
              new LevelsKey(spec.deviceId(), plan), 0, LevelMeter.nanosPerSecond(spec.format())));
    }
    return new SubscriptionCost(
        OBJECT_BYTES + spec.unsentBytes() + plan.messageBytes() + replay,
        (rate + spec.frameSize() - 1) / spec.frameSize(),
        shared);
  }
}
