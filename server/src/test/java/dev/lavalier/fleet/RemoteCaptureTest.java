package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.Period;
import dev.lavalier.fleet.v1.Block;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Tests which blocks become periods, and what is lost between them. */
final class RemoteCaptureTest {

  private static final PcmFormat FORMAT = new PcmFormat(SampleEncoding.S16LE, 48_000, 2);
  private static final int BLOCK = 480;
  private static final long EPOCH = 1_700_000_000_000_000L;
  private static final long HOUR = 3_600_000_000_000L; // ns
  private static final long NODE_AHEAD = 123_456_789_000L; // of the node's steady clock

  private final ManualTimeSource time = new ManualTimeSource();
  private final List<Period> periods = new ArrayList<>();
  private final List<String> losses = new ArrayList<>();
  private RuntimeException failure;
  private final List<Long> queued = new ArrayList<>();
  private final FleetObserver observer =
      new FleetObserver() {
        @Override
        public void onQueued(long nanos) {
          queued.add(nanos);
        }
      };
  private final NodeTraffic traffic = new NodeTraffic("n", observer, time);
  private final HopClock clock = new HopClock();
  private RemoteCapture capture = newCapture();

  private RemoteCapture newCapture() {
    return new RemoteCapture(
        new DeviceDescriptor("n/mic", "mic", "", "", false, FORMAT, List.of()),
        EPOCH,
        BLOCK,
        0,
        clock,
        traffic,
        new Backfill(
            new DirectLinks().connect(), "edge", 1, "n/mic", EPOCH, FORMAT, BLOCK, false, time),
        time,
        () -> {});
  }

  RemoteCaptureTest() {
    capture.start(listener());
  }

  private CaptureListener listener() {
    return new CaptureListener() {
      @Override
      public void onPeriod(Period period) {
        if (failure != null) {
          throw failure;
        }
        periods.add(period);
      }

      @Override
      public void onSilence(boolean silent) {}

      @Override
      public void onLost(String reason) {
        losses.add(reason);
      }
    };
  }

  private Block.Builder block(int number, long deviceLost) {
    return Block.newBuilder()
        .setEpoch(EPOCH)
        .setSampleIndex((long) number * BLOCK)
        .setCaptureUnixNanos(1_600_000_000_000_000_000L + number * 10_000_000L)
        .setReadDelayNanos(10_000_000)
        .setReadSteadyNanos(time.nanoTime() + NODE_AHEAD)
        .setDeviceLostSamples(deviceLost)
        .setPcm(ByteString.copyFrom(new byte[BLOCK * FORMAT.bytesPerSampleFrame()]));
  }

  private void receive(byte[] payload) {
    capture.onMessage(new Link.Message("lav.1.pcm.n.mic", payload, reply -> {}));
  }

  private void receive(Block.Builder block) {
    receive(block.build().toByteArray());
    time.advance(Duration.ofMillis(10));
  }

  private List<Long> indexes() {
    return periods.stream().map(Period::sampleIndex).toList();
  }

  @Test
  void block_isAPeriodWithTheNumbersOfTheNode() {
    receive(block(7, 0));
    assertThat(capture.epoch()).hasValue(EPOCH);
    assertThat(capture.periods()).isEqualTo(1);
    Period period = periods.get(0);
    assertThat(period.sampleIndex()).isEqualTo(7 * BLOCK);
    assertThat(period.samples()).isEqualTo(BLOCK);
    assertThat(period.captureUnixNanos()).isEqualTo(1_600_000_000_070_000_000L);
    assertThat(period.readNanos() - period.captureNanos()).isEqualTo(10_000_000);
    assertThat(period.readNanos()).isEqualTo(time.nanoTime() - 10_000_000);
  }

  @Test
  void timeInTheQueueOfThisMachine_isReportedForEachBlock() {
    byte[] payload = block(0, 0).build().toByteArray();
    capture.onMessage(new Link.Message("lav.1.pcm.n.mic", payload, reply -> {}, 7_000_000));
    receive(block(1, 0));
    receive(new byte[] {1});
    assertThat(queued).containsExactly(7_000_000L, 0L, 0L);
  }

  @Test
  void missingSamples_areLostByTheDeviceAsFarAsItCountedThem() {
    receive(block(0, 0));
    receive(block(3, 2 * BLOCK));
    receive(block(6, 3 * BLOCK));
    receive(block(9, 3 * BLOCK));
    assertThat(indexes()).containsExactly(0L, 3L * BLOCK, 5L * BLOCK, 6L * BLOCK, 9L * BLOCK);
    assertThat(traffic.missing()).isEqualTo(3 * BLOCK);
    assertThat(periods.stream().map(Period::loss).skip(1))
        .containsExactly(Loss.OVERRUN, Loss.OVERRUN, Loss.UPSTREAM, Loss.UPSTREAM);
    assertThat(periods.get(2).samples()).isZero();
    assertThat(periods.get(2).captureUnixNanos()).isEqualTo(1_600_000_000_050_000_000L);
  }

  @Test
  void repeatedOvertakenLateAndOlderBlocks_areIgnored() {
    receive(block(0, 0));
    receive(block(2, 0));
    receive(block(1, 0));
    receive(block(2, 0));
    receive(block(3, 0).setEpoch(EPOCH - 1));
    Block.Builder late = block(3, 0);
    time.advance(Timing.MAX_WAIT.plusMillis(1));
    receive(late);
    receive(block(4, 0));
    assertThat(indexes()).containsExactly(0L, 2L * BLOCK, 4L * BLOCK);
    assertThat(losses).isEmpty();
    assertThat(traffic.received()).isEqualTo(3);
    assertThat(traffic.ignored())
        .containsEntry(IgnoredBlock.REPEATED, 2L)
        .containsEntry(IgnoredBlock.OLD_EPOCH, 1L)
        .containsEntry(IgnoredBlock.LATE, 1L)
        .containsEntry(IgnoredBlock.MALFORMED, 0L);
  }

  @Test
  void blocksFarAhead_areIgnored() {
    for (int second = 0; second < 20; second++) {
      clock.heartbeatWaited(time.nanoTime() + NODE_AHEAD, time.nanoTime());
      for (int i = 0; i < 100; i++) {
        receive(block(100 * second + i, 0));
        receive(block(1_000_000_000 / BLOCK, 0).build().toByteArray());
        Block.Builder later = block(100 * second + i + 1, 0);
        receive(later.setReadSteadyNanos(later.getReadSteadyNanos() + HOUR).build().toByteArray());
      }
    }
    assertThat(indexes()).hasSize(2_000).endsWith(1_999L * BLOCK);
    assertThat(traffic.ignored())
        .containsEntry(IgnoredBlock.AHEAD, 4_000L)
        .containsEntry(IgnoredBlock.LATE, 0L)
        .containsEntry(IgnoredBlock.REPEATED, 0L);

    capture = newCapture();
    receive(block(1_000_000_000 / BLOCK, 0));
    receive(block(5, 0));
    assertThat(capture.kept(Duration.ofSeconds(1)))
        .extracting(Period::sampleIndex)
        .containsExactly(5L * BLOCK);
  }

  @Test
  void blockAfterALongOutage_isUsed() {
    receive(block(0, 0));
    time.advance(Duration.ofMinutes(1));
    receive(block(6_000 + 500, 0));
    assertThat(indexes()).containsExactly(0L, 6_500L * BLOCK);
  }

  @Test
  void malformedBlocks_areIgnored() {
    receive(block(1, 0).clearPcm());
    receive(block(1, 0).setPcm(ByteString.copyFrom(new byte[3])));
    receive(block(1, 0).setPcm(ByteString.copyFrom(new byte[Blocks.MAX_PCM_BYTES + 4])));
    receive(block(1, 0).setPcm(ByteString.copyFrom(new byte[(BLOCK + 1) * 4])));
    receive(block(1, 0).setEpoch(0));
    receive(block(1, 0).setEpoch(Long.MAX_VALUE));
    receive(block(1, 0).setSampleIndex(-1));
    receive(block(1, 0).setSampleIndex(Long.MAX_VALUE));
    receive(block(1, 0).setDeviceLostSamples(-1));
    receive(block(1, 0).setReadDelayNanos(-1));
    receive(block(1, 0).setReadDelayNanos(Long.MAX_VALUE));
    receive(block(1, 0).setReadSteadyNanos(Long.MIN_VALUE));
    receive(block(1, 0).setCaptureUnixNanos(Long.MIN_VALUE));
    SplittableRandom random = new SplittableRandom(1);
    byte[] valid = block(1, 0).build().toByteArray();
    for (int i = 0; i < 1_000; i++) {
      byte[] garbage = new byte[random.nextInt(200)];
      random.nextBytes(garbage);
      receive(garbage);
      byte[] cut = Arrays.copyOf(valid, random.nextInt(valid.length - 1));
      receive(cut);
    }
    assertThat(periods)
        .allMatch(period -> period.samples() > 0 && period.samples() <= capture.periodSamples());
    assertThat(losses).isEmpty();
  }

  @Test
  void endOfTheEpoch_losesTheDeviceOnce() {
    receive(block(0, 0));
    receive(block(1, 0).clearPcm().setEnded("mic was lost: unplugged"));
    receive(block(2, 0));
    assertThat(losses).containsExactly("mic was lost: unplugged");
    assertThat(indexes()).containsExactly(0L);
  }

  @Test
  void reasonOfTheEnd_isOneShortLine() {
    receive(block(0, 0).clearPcm().setEnded("lost\n" + "x".repeat(100_000)));
    assertThat(losses).singleElement().asString().startsWith("lost?xxx").hasSizeLessThan(700);
  }

  @Test
  void laterEpoch_losesTheDevice() {
    receive(block(0, 0).setEpoch(EPOCH + 1));
    assertThat(losses).containsExactly("the node has opened it again");
    assertThat(periods).isEmpty();
  }

  @Test
  void stoppedCapture_passesNothing() {
    assertThat(capture.stop(Duration.ZERO)).isTrue();
    receive(block(0, 0));
    capture.lose("the node has started again");
    assertThat(periods).isEmpty();
    assertThat(losses).isEmpty();
  }

  @Test
  void listenerThatThrows_losesTheDevice() {
    failure = new IllegalStateException("the pipeline is broken");
    receive(block(0, 0));
    failure = null;
    receive(block(1, 0));
    assertThat(losses)
        .singleElement()
        .asString()
        .contains("processing its audio failed")
        .contains("the pipeline is broken");
    assertThat(periods).isEmpty();
  }

  @Test
  void blocksThatArriveBeforeTheStart_wait() {
    capture = newCapture();
    receive(block(0, 0));
    receive(block(1, 0));
    assertThat(periods).isEmpty();
    capture.start(listener());
    receive(block(2, 0));
    assertThat(indexes()).containsExactly(0L, (long) BLOCK, 2L * BLOCK);
    assertThat(periods.get(0).waitedNanos()).isEqualTo(20_000_000); // until the start
    assertThat(periods.get(2).waitedNanos()).isZero();
  }

  @Test
  void blocksThatArriveWhileTheHistoryIsRequested_areKept() {
    capture = newCapture();
    receive(block(5, 0));
    receive(block(6, 0));
    assertThat(capture.kept(Duration.ofSeconds(1)))
        .extracting(Period::sampleIndex)
        .containsExactly(5L * BLOCK, 6L * BLOCK);
    assertThat(capture.startIndex()).isEqualTo(7L * BLOCK);
    capture.start(listener());
    receive(block(6, 0));
    receive(block(7, 0));
    assertThat(indexes()).containsExactly(7L * BLOCK);
  }

  @Test
  void manyBlocksWhileTheHistoryIsRequested_leaveRoomForMore() {
    capture = newCapture();
    int count = (8 << 20) / (BLOCK * FORMAT.bytesPerSampleFrame());
    for (int i = 0; i < count; i++) {
      receive(block(i, 0));
    }
    assertThat(capture.kept(Duration.ofSeconds(60)).size()).isGreaterThan(count / 2);
    receive(block(count, 0));
    receive(block(count + 1, 0));
    capture.start(listener());
    assertThat(indexes()).containsExactly((long) count * BLOCK, (count + 1L) * BLOCK);
  }

  @Test
  void deviceThatIsLostBeforeTheStart_isLostAtTheStart() {
    capture = newCapture();
    receive(block(0, 0));
    receive(block(1, 0).clearPcm().setEnded("unplugged"));
    receive(block(2, 0));
    capture.start(listener());
    assertThat(indexes()).containsExactly(0L);
    assertThat(losses).containsExactly("unplugged");

    capture = newCapture();
    capture.lose("the node has started again");
    capture.start(listener());
    assertThat(losses).containsExactly("unplugged", "the node has started again");
  }

  @Test
  void manyBlocksBeforeTheStart_areBoundedInBytes() {
    capture = newCapture();
    int size = BLOCK * FORMAT.bytesPerSampleFrame();
    int count = 2 * (8 << 20) / size;
    for (int i = 0; i < count; i++) {
      receive(block(i, 0));
    }
    capture.start(listener());
    assertThat(periods.size()).isBetween((8 << 20) / (size + 300), (8 << 20) / size);
    assertThat(periods.get(periods.size() - 1).sampleIndex()).isEqualTo((count - 1L) * BLOCK);
  }

  @Test
  void samplesThatTheDeviceLostBeforeTheFirstLiveBlock_areItsLoss() {
    capture = newCapture();
    receive(block(0, 0));
    receive(block(2, BLOCK));
    receive(block(5, BLOCK));
    List<Period> kept = capture.kept(Duration.ofSeconds(1));
    capture.start(listener());
    receive(block(5, BLOCK));
    receive(block(8, 3 * BLOCK));
    receive(block(12, 4 * BLOCK));
    assertThat(kept)
        .extracting(Period::loss)
        .containsExactly(Loss.UPSTREAM, Loss.OVERRUN, Loss.UPSTREAM);
    assertThat(capture.startIndex()).isEqualTo(6 * BLOCK);
    assertThat(indexes()).containsExactly(8L * BLOCK, 10L * BLOCK, 12L * BLOCK);
    assertThat(periods)
        .extracting(Period::loss)
        .containsExactly(Loss.OVERRUN, Loss.OVERRUN, Loss.UPSTREAM);
    assertThat(traffic.missing()).isEqualTo(4 * BLOCK);
    assertThat(traffic.ignored()).containsEntry(IgnoredBlock.REPEATED, 0L);
  }

  @Test
  void blocksThatArriveWhileTheHistoryIsAdded_areNotDropped() {
    capture = newCapture();
    int many = (8 << 20) / (BLOCK * FORMAT.bytesPerSampleFrame()) + 100;
    for (int number = 0; number < many; number++) {
      receive(block(number, 0));
    }
    capture.kept(Duration.ofSeconds(1));
    for (int number = many; number < many + 10; number++) {
      receive(block(number, 0));
    }
    capture.start(listener());
    assertThat(indexes()).hasSize(10);
  }
}
