package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests devices whose source numbers epochs and samples, such as those of another machine. */
final class NumberedEpochsTest {

  private static final long EPOCH = 1_600_000_000_000_000L;
  private static final int PERIOD = 480;

  /** Records what a subscriber gets. */
  private static final class Sink implements FrameSink {
    final List<StreamStart> starts = new ArrayList<>();
    final List<Long> indexes = new ArrayList<>();
    final List<Integer> values = new ArrayList<>(); // the first byte of each frame
    final List<Gap> gaps = new ArrayList<>();
    final List<Reason> ends = new ArrayList<>();
    boolean ready = true;

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public void onStarted(StreamStart started) {
      starts.add(started);
    }

    @Override
    public void onFrame(Frame frame, Optional<Gap> gap) {
      indexes.add(frame.sampleIndex());
      values.add((int) frame.message()[0]);
      gap.ifPresent(gaps::add);
    }

    @Override
    public void onNotice(Notice notice) {}

    @Override
    public void onEnd(StreamException reason) {
      ends.add(reason.reason());
    }
  }

  private static final class Overruns implements HubObserver {
    final List<Long> overruns = new ArrayList<>();

    @Override
    public void onOverrun(String deviceId, long samples, PcmFormat format) {
      overruns.add(samples);
    }
  }

  private final ManualTimeSource timeSource = new ManualTimeSource();
  private final ManualWorkers workers = new ManualWorkers();
  private final Queue<Runnable> loopTasks = new ArrayDeque<>();
  private final FakeDevices devices = new FakeDevices();
  private final Overruns observer = new Overruns();
  private final Hub hub = devices.hub(timeSource, observer, Set.of(), workers);
  private final Sink sink = new Sink();

  private void runAll() {
    do {
      workers.runAll();
      while (!loopTasks.isEmpty()) {
        loopTasks.remove().run();
      }
    } while (workers.size() > 0);
  }

  /** Advances the time by a period, and delivers one. */
  private void deliver() {
    timeSource.advance(Duration.ofMillis(10));
    devices.lastCapture().deliver(0);
    runAll();
  }

  private void subscribe(StartFrom start) throws StreamException {
    subscribe(start, 48_000);
  }

  private void subscribe(StartFrom start, int rate) throws StreamException {
    SubscriptionSpec spec =
        SubscriptionSpec.resolve(
            FakeDevices.DESCRIPTOR,
            new SubscriptionSpec.Request(
                rate / 100,
                new SubscriptionSpec.RequestedFormat(Optional.empty(), rate, 0, List.of()),
                60_000,
                OverflowPolicy.DROP_OLDEST,
                OnDeviceLoss.WAIT,
                start,
                FrameCodec.stateless(frame -> frame.pcm().clone()),
                false));
    hub.subscribe(
        new Subscriber("ann", "127.0.0.1:1"),
        spec,
        new DeliveryLoop(loopTasks::add, timeSource),
        sink);
    runAll();
  }

  private void lose() {
    devices.lastCapture().listener.onLost("no block for 5 s");
    runAll();
    timeSource.advance(Duration.ofSeconds(1));
    runAll();
  }

  /** Returns kept periods from an index, each filled with its number from 1. */
  private static List<Period> kept(long from, int count) {
    List<Period> kept = new ArrayList<>();
    for (int k = 0; k < count; k++) {
      byte[] pcm = new byte[2 * PERIOD];
      Arrays.fill(pcm, (byte) (k + 1));
      kept.add(new Period(pcm, PERIOD, from + (long) k * PERIOD, 0, 0, 0));
    }
    return kept;
  }

  @Test
  void streamHasTheNumbersOfTheSource() throws Exception {
    devices.epoch = OptionalLong.of(EPOCH);
    devices.startIndex = 10 * PERIOD;
    subscribe(StartFrom.LIVE);
    deliver();
    deliver();
    assertThat(sink.starts).extracting(StreamStart::epoch).containsExactly(EPOCH);
    assertThat(sink.indexes).containsExactly(10L * PERIOD, 11L * PERIOD);
    assertThat(sink.gaps).isEmpty();
  }

  @Test
  void deviceThatReturnsInTheSameEpoch_isContinuedWithAnExactGap() throws Exception {
    devices.epoch = OptionalLong.of(EPOCH);
    subscribe(StartFrom.LIVE);
    deliver();
    devices.startIndex = 7 * PERIOD;
    lose();
    deliver();
    deliver();
    assertThat(sink.starts).hasSize(1);
    assertThat(sink.indexes).containsExactly(0L, 7L * PERIOD, 8L * PERIOD);
    assertThat(sink.gaps).containsExactly(Gap.of(6 * PERIOD, LossCause.DEVICE_LOST, false));
  }

  @Test
  void keptPeriodsOfTheSameEpoch_fillTheGap() throws Exception {
    devices.epoch = OptionalLong.of(EPOCH);
    subscribe(new StartFrom.Preroll(1_000));
    deliver();
    devices.kept = kept(0, 5);
    devices.startIndex = 5 * PERIOD;
    lose();
    for (int k = 0; k < 10; k++) {
      deliver();
    }
    assertThat(sink.starts).hasSize(1);
    assertThat(sink.gaps).isEmpty();
    assertThat(sink.indexes).startsWith(0L, 480L, 960L, 1440L, 1920L, 2400L);
    assertThat(sink.values).startsWith(0, 2, 3, 4, 5, 0);
  }

  @Test
  void keptPeriodsOfALaterEpoch_areNotSentToASubscriberThatWaited() throws Exception {
    devices.epoch = OptionalLong.of(EPOCH);
    subscribe(new StartFrom.Preroll(1_000));
    deliver();
    devices.epoch = OptionalLong.of(EPOCH + 1);
    devices.kept = kept(0, 5);
    devices.startIndex = 5 * PERIOD;
    lose();
    deliver();
    assertThat(sink.starts).extracting(StreamStart::prerollMillis).containsExactly(0, 0);
    assertThat(sink.indexes).containsExactly(0L, 5L * PERIOD);
  }

  @Test
  void newSubscriber_getsTheKeptPeriodsFirst() throws Exception {
    devices.epoch = OptionalLong.of(EPOCH);
    devices.kept = kept(0, 5);
    devices.startIndex = 5 * PERIOD;
    subscribe(new StartFrom.Resume(EPOCH, 2 * PERIOD));
    for (int k = 0; k < 10; k++) {
      deliver();
    }
    assertThat(sink.gaps).isEmpty();
    assertThat(sink.indexes).startsWith(960L, 1440L, 1920L, 2400L);
    assertThat(sink.values).startsWith(3, 4, 5, 0);
  }

  @Test
  void resumePosition_isCheckedByTheClockThatNumbersTheEpochs() throws Exception {
    long ahead = timeSource.unixNanos() / 1_000 + Duration.ofMinutes(5).toMillis() * 1_000;
    subscribe(new StartFrom.Resume(ahead, 0));
    assertThat(sink.ends).containsExactly(Reason.POSITION_IN_FUTURE);
    assertThat(devices.captures).isEmpty();

    sink.ends.clear();
    devices.epochClockMicros = OptionalLong.of(ahead + 1_000_000);
    devices.epoch = OptionalLong.of(ahead);
    devices.startIndex = PERIOD;
    subscribe(new StartFrom.Resume(ahead, 0));
    deliver();
    assertThat(sink.ends).isEmpty();
    assertThat(sink.indexes).containsExactly(480L);
    assertThat(sink.gaps).containsExactly(Gap.of(PERIOD, LossCause.NOT_KEPT, false));
  }

  @Test
  void resumePositionThatAnotherServerDelivered_isReachedWithoutAGap() throws Exception {
    devices.epoch = OptionalLong.of(EPOCH);
    devices.maxDelay = Duration.ofMillis(20);
    subscribe(new StartFrom.Resume(EPOCH, 3 * PERIOD));
    assertThat(sink.ends).containsExactly(Reason.POSITION_IN_FUTURE);

    sink.ends.clear();
    subscribe(new StartFrom.Resume(EPOCH, 2 * PERIOD));
    for (int k = 0; k < 4; k++) {
      deliver();
    }
    assertThat(sink.ends).isEmpty();
    assertThat(sink.indexes).containsExactly(2L * PERIOD, 3L * PERIOD);
    assertThat(sink.gaps).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {48_000, 16_000})
  void lossOfTheDeviceAndLossOnTheWay_areTwoPartsOfOneGap(int rate) throws Exception {
    devices.epoch = OptionalLong.of(EPOCH);
    subscribe(StartFrom.LIVE, rate);
    FakeDevices.FakeCapture capture = devices.lastCapture();
    deliver();
    deliver();
    capture.listener.onPeriod(new Period(new byte[0], 0, 4 * PERIOD, 0, 0, 0, Loss.OVERRUN));
    for (int k = 17; k < 22; k++) {
      capture.listener.onPeriod(
          new Period(new byte[2 * PERIOD], PERIOD, (long) k * PERIOD, 0, 0, 0, Loss.UPSTREAM));
    }
    runAll();
    Gap gap = sink.gaps.get(0);
    assertThat(sink.gaps).hasSize(1);
    assertThat(gap.parts()).extracting(Gap.Part::loss).containsExactly(Loss.OVERRUN, Loss.UPSTREAM);
    assertThat(gap.cause()).isEqualTo(LossCause.UPSTREAM);
    long last = sink.indexes.get(sink.indexes.size() - 1);
    long frame = rate / 100;
    assertThat(sink.indexes.size() * frame + gap.sampleCount())
        .isEqualTo(last + frame - sink.indexes.get(0));
    assertThat(observer.overruns).containsExactly(2L * PERIOD);
  }
}
