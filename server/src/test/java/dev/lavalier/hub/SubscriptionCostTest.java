package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.LevelMeter;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.WorkBudget;
import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.LevelCodec;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.pipeline.StreamMetrics;
import dev.lavalier.pipeline.StreamPlan;
import dev.lavalier.testing.NoPipelineListener;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Compares the memory that is counted for streams with the memory that their pipeline takes. The
 * streams have different frame sizes and formats, so they share nothing.
 */
final class SubscriptionCostTest {

  private static final PcmFormat CAPTURED = PcmFormat.parse("48000/2/s16le");
  private static final int PERIOD_SAMPLES = 480;
  private static final FrameCodec CODEC = FrameCodec.stateless(frame -> frame.pcm().clone());
  private static final LevelCodec LEVELS = levels -> new byte[0];
  private static final DeviceDescriptor DEVICE =
      new DeviceDescriptor("mic", "mic", "", "", true, CAPTURED, List.of());

  private static SubscriptionSpec spec(PcmFormat format, int frameSize, int maxLatencyMs)
      throws StreamException {
    return SubscriptionSpec.resolve(
        DEVICE,
        new SubscriptionSpec.Request(
            frameSize,
            new SubscriptionSpec.RequestedFormat(
                Optional.of(format.encoding()),
                format.sampleRateHz(),
                format.channelCount(),
                List.of()),
            maxLatencyMs,
            OverflowPolicy.DROP_OLDEST,
            OnDeviceLoss.FAIL,
            StartFrom.LIVE,
            CODEC,
            false));
  }

  private static SubscriptionCost levelsCost(int intervalMs) throws StreamException {
    SubscriptionSpec spec =
        SubscriptionSpec.resolveLevels(DEVICE, intervalMs, OnDeviceLoss.FAIL, LEVELS);
    return SubscriptionCost.of(spec, spec.conversion());
  }

  private static Set<Object> workKeys(SubscriptionCost cost) {
    return cost.shared().stream()
        .filter(shared -> shared.conversionNanos() > 0)
        .map(SubscriptionCost.Shared::key)
        .collect(Collectors.toSet());
  }

  @Test
  void longIntervalTakesNoMoreMemoryThanShortOne() throws Exception {
    for (int intervalMs : new int[] {20, 100, 10_000}) {
      SubscriptionCost cost = levelsCost(intervalMs);
      assertThat(
              cost.bytes() + cost.shared().stream().mapToLong(SubscriptionCost.Shared::bytes).sum())
          .isLessThan(32 << 10);
    }
  }

  @Test
  void eachIntervalCountsAsWorkOnce() throws Exception {
    SubscriptionCost cost = levelsCost(0);
    assertThat(cost.framesPerSecond()).isEqualTo(10);
    assertThat(cost.shared().stream().mapToLong(SubscriptionCost.Shared::conversionNanos).sum())
        .isEqualTo(LevelMeter.nanosPerSecond(CAPTURED))
        .isPositive();
    assertThat(workKeys(levelsCost(100))).isEqualTo(workKeys(cost)).hasSize(1);
    assertThat(workKeys(levelsCost(200))).doesNotContainAnyElementsOf(workKeys(cost));
  }

  private static long usedBytes() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static CapturePipeline pipeline() {
    return new CapturePipeline(
        1,
        0,
        CAPTURED,
        PERIOD_SAMPLES,
        0,
        new PolyphaseFilters(),
        () -> 0,
        WorkBudget.unlimited(),
        WorkBudget.unlimited(),
        new NoPipelineListener(),
        StreamMetrics.NONE);
  }

  @Test
  void countedMemoryOfQueuesIsTheMemoryThatTheyTake() throws Exception {
    List<String> formats = List.of("48000/2/s16le", "16000/1/s16le", "96000/2/f32le");
    Map<StreamPlan, Integer> queueFrames = new HashMap<>();
    long counted = 0;
    for (String format : formats) {
      PcmFormat delivered = PcmFormat.parse(format);
      for (int k = 1; k <= 20; k++) {
        SubscriptionSpec spec = spec(delivered, delivered.sampleRateHz() / 200 * k, 2_000);
        Conversion conversion = spec.conversion();
        queueFrames.put(new StreamPlan(conversion, spec.frameSize(), CODEC), spec.queueFrames());
        for (SubscriptionCost.Shared shared :
            SubscriptionCost.of(spec, conversion).shared().subList(0, 1)) {
          counted += shared.bytes();
        }
      }
    }
    long before = usedBytes();
    CapturePipeline pipeline = pipeline();
    pipeline.update(queueFrames, Set.of());
    byte[] pcm = new byte[PERIOD_SAMPLES * CAPTURED.bytesPerSampleFrame()];
    for (long k = 0; k < 1_000; k++) { // 10 s: all queues are full
      pipeline.onPeriod(new Period(pcm, PERIOD_SAMPLES, k * PERIOD_SAMPLES, 0, 0, 0));
    }
    long used = usedBytes() - before;
    assertThat(pipeline.capturedSamples()).isEqualTo(480_000); // it is still reachable
    assertThat(used).isBetween(counted / 2, counted + counted / 10);
  }

  @Test
  void longerQueueOfAStreamThatHasEndedIsReleased() throws Exception {
    SubscriptionSpec small = spec(CAPTURED, 480, 200);
    StreamPlan plan = new StreamPlan(small.conversion(), 480, CODEC);
    CapturePipeline pipeline = pipeline();
    byte[] pcm = new byte[PERIOD_SAMPLES * CAPTURED.bytesPerSampleFrame()];
    long[] used = new long[2];
    int queueFrames = spec(CAPTURED, 480, 60_000).queueFrames();
    for (int round = 0; round < 2; round++) {
      pipeline.update(Map.of(plan, queueFrames), Set.of());
      for (long k = 0; k < 8_000; k++) {
        pipeline.onPeriod(
            new Period(pcm, PERIOD_SAMPLES, (8_000L * round + k) * PERIOD_SAMPLES, 0, 0, 0));
      }
      used[round] = usedBytes();
      queueFrames = small.queueFrames();
    }
    assertThat(pipeline.capturedSamples()).isEqualTo(16_000 * PERIOD_SAMPLES);
    assertThat(used[0] - used[1]).isGreaterThan(12 << 20); // 8,192 frames are 15 MiB
  }
}
