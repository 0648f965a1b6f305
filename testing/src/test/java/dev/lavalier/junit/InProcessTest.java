package dev.lavalier.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.lavalier.capture.script.ScriptedMicrophone;
import dev.lavalier.client.AudioLevels;
import dev.lavalier.client.Codec;
import dev.lavalier.client.Device;
import dev.lavalier.client.DeviceWatch;
import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.LevelOptions;
import dev.lavalier.client.LevelStream;
import dev.lavalier.client.Notice;
import dev.lavalier.client.OnDeviceLoss;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.client.UncheckedLavalierException;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests what a client gets from scripted microphones in simulated time. */
final class InProcessTest {

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.inProcess(
              mic("steady").tone(),
              mic("overrun").tone(ms(100)).overrun(ms(40)).tone(),
              mic("overload").tone(ms(100)).overload(ms(30)).tone(),
              mic("short").tone(Duration.ofMinutes(1)),
              mic("unplugged").tone(ms(100)).unplug(Duration.ofSeconds(2)).tone(),
              mic("restarted").tone(ms(100)).restart().tone(),
              mic("clock").tone(ms(100)).clockStep(Duration.ofHours(-1)).tone(),
              mic("slow").withClockPpm(-200).tone(),
              mic("muted").silence())
          .withHistory(Duration.ofSeconds(5));

  private static ScriptedMicrophone mic(String name) {
    return ScriptedMicrophone.named(name).withFormat("16000/1/s16le");
  }

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  private static StreamOptions of(String deviceId) {
    return StreamOptions.builder().deviceId(deviceId).build();
  }

  /** Reads until a gap; checks that nothing is missing without one. */
  private static Frame readToGap(FrameStream frames) throws LavalierException {
    long expected = 0;
    Frame frame = frames.read();
    while (frame.gap().isEmpty()) {
      assertThat(frame.sampleIndex()).isEqualTo(expected);
      expected += 320;
      frame = frames.read();
    }
    return frame;
  }

  @Test
  void overrunIsGapOfItsLength() throws Exception {
    try (FrameStream frames = lavalier.client().stream(of("overrun"))) {
      Frame frame = readToGap(frames);
      assertThat(frame.sampleIndex()).isEqualTo(1_600 + 640);
      assertThat(frame.gap())
          .map(Gap::parts)
          .contains(List.of(new Gap.Part(640, Gap.Cause.DEVICE_OVERRUN, false)));
    }
  }

  @Test
  void gapCountsWholeFrames() throws Exception {
    try (FrameStream frames = lavalier.client().stream(of("overload"))) {
      assertThat(readToGap(frames).gap())
          .map(Gap::parts)
          .contains(List.of(new Gap.Part(640, Gap.Cause.SERVER_OVERLOAD, false)));
    }
  }

  @Test
  void streamEndsWithItsScript() throws Exception {
    try (FrameStream frames = lavalier.client().stream(of("short"))) {
      List<Frame> read = new ArrayList<>();
      assertThatExceptionOfType(UncheckedLavalierException.class)
          .isThrownBy(() -> frames.forEach(read::add))
          .withMessageContaining("the script has ended");
      assertThat(read).hasSize(60 * 50).allMatch(frame -> frame.gap().isEmpty());
    }
  }

  @Test
  void streamWaitsForUnpluggedDevice() throws Exception {
    List<Notice.Kind> notices = new ArrayList<>();
    StreamOptions waiting = of("unplugged").toBuilder().onDeviceLoss(OnDeviceLoss.WAIT).build();
    try (FrameStream frames = lavalier.client().stream(waiting)) {
      frames.onNotice(notice -> notices.add(notice.kind()));
      Gap gap = readToGap(frames).gap().orElseThrow();
      assertThat(gap.cause()).isEqualTo(Gap.Cause.DEVICE_LOST);
      assertThat(gap.sampleCount()).isBetween(2 * 16_000L, 3 * 16_000L);
      assertThat(notices).contains(Notice.Kind.DEVICE_LOST);
    }
  }

  @Test
  void watchReportsUnpluggedDevice() throws Exception {
    try (DeviceWatch watch = lavalier.client().watchDevices();
        FrameStream frames = lavalier.client().stream(of("unplugged"))) {
      assertThatExceptionOfType(UncheckedLavalierException.class)
          .isThrownBy(() -> frames.forEach(frame -> {}))
          .withMessageContaining("the script has unplugged it");
      List<String> listed;
      do {
        listed = ids(watch.read());
      } while (listed.contains("unplugged"));
      assertThat(listed).hasSize(8);
      lavalier.advance(Duration.ofSeconds(2));
      assertThat(ids(lavalier.client().listDevices())).contains("unplugged").hasSize(9);
    }
  }

  private static List<String> ids(List<Device> devices) {
    return devices.stream().map(Device::deviceId).toList();
  }

  @Test
  void restartedDeviceContinuesWithNextStep() throws Exception {
    StreamOptions waiting = of("restarted").toBuilder().onDeviceLoss(OnDeviceLoss.WAIT).build();
    try (FrameStream frames = lavalier.client().stream(waiting)) {
      Gap gap = readToGap(frames).gap().orElseThrow();
      assertThat(gap.cause()).isEqualTo(Gap.Cause.DEVICE_LOST);
      assertThat(gap.sampleCount()).isLessThan(16_000);
    }
  }

  @Test
  void steppedWallClockMovesCaptureTimesOnly() throws Exception {
    try (FrameStream frames = lavalier.client().stream(of("clock"))) {
      List<Frame> read = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        read.add(frames.read());
      }
      Frame before = read.get(4);
      Frame after = read.get(5);
      assertThat(after.gap()).isEmpty();
      assertThat(after.captureTimeUnixNanos() - before.captureTimeUnixNanos())
          .isEqualTo(ms(20).minusHours(1).toNanos());
      assertThat(after.readTimeSteadyNanos() - before.readTimeSteadyNanos())
          .isEqualTo(ms(20).toNanos());
    }
  }

  @Test
  void slowClockIsNotified() throws Exception {
    List<Notice> notices = new ArrayList<>();
    try (FrameStream frames =
        lavalier.client().stream(of("slow").toBuilder().clockNotices(true).build())) {
      frames.onNotice(notices::add);
      while (notices.isEmpty()) {
        assertThat(frames.read().gap()).isEmpty();
      }
    }
    assertThat(notices.get(0).kind()).isEqualTo(Notice.Kind.CLOCK);
    assertThat(notices.get(0).clockPpm()).isEqualTo(OptionalDouble.of(-200));
  }

  @Test
  void mutedDeviceIsNotified() throws Exception {
    List<Notice> notices = new ArrayList<>();
    try (FrameStream frames = lavalier.client().stream(of("muted"))) {
      frames.onNotice(notices::add);
      while (notices.isEmpty()) {
        assertThat(frames.read().gap()).isEmpty();
      }
    }
    assertThat(notices).extracting(Notice::kind).containsExactly(Notice.Kind.MUTED);
  }

  @Test
  void unreadFramesExpire() throws Exception {
    try (FrameStream frames = lavalier.client().stream(of("steady"))) {
      lavalier.advance(Duration.ofSeconds(5));
      long expected = 0;
      long missing = 0;
      while (expected < 5 * 16_000) {
        Frame frame = frames.read();
        long gap = frame.gap().map(Gap::sampleCount).orElse(0L);
        assertThat(frame.sampleIndex()).isEqualTo(expected + gap);
        expected = frame.sampleIndex() + 320;
        missing += gap;
      }
      assertThat(missing).isGreaterThan(16_000 * 4);
    }
  }

  @Test
  void streamsOfOneDeviceGetTheSameFrames() throws Exception {
    try (FrameStream first = lavalier.client().stream(of("steady"));
        FrameStream second = lavalier.client().stream(of("steady"))) {
      Frame frame = first.read(); // it can have come before the second stream, and stops the time
      Frame later = second.read();
      while (frame.sampleIndex() < later.sampleIndex()) {
        frame = first.read();
      }
      for (int i = 0; i < 500; i++) {
        assertThat(frame.pcm()).isEqualTo(later.pcm());
        assertThat(frame.gap()).isEmpty();
        frame = first.read();
        later = second.read();
      }
    }
  }

  @Test
  void readerOnAnotherThreadGetsWholeScript() throws Exception {
    ExecutorService other = Executors.newSingleThreadExecutor();
    try (FrameStream frames = lavalier.client().stream(of("short"))) {
      Future<Long> samples =
          other.submit(
              () -> {
                long count = 0;
                Iterator<Frame> iterator = frames.iterator();
                try {
                  while (iterator.hasNext()) {
                    count += iterator.next().pcm().remaining() / 2;
                  }
                } catch (UncheckedLavalierException e) {
                  return count; // the script has ended
                }
                return -1L;
              });
      assertThat(samples.get(50, TimeUnit.SECONDS)).isEqualTo(60 * 16_000);
    } finally {
      other.shutdownNow();
    }
  }

  @Test
  void levelsAreMeasured() throws Exception {
    LevelOptions options = LevelOptions.builder().deviceId("steady").build();
    try (LevelStream levels = lavalier.client().streamLevels(options)) {
      levels.read();
      AudioLevels interval = levels.read();
      assertThat(interval.channels().get(0).peakDbfs()).isBetween(-12.2, -11.8);
    }
  }

  @Test
  void codecLosesNothing() throws Exception {
    try (FrameStream frames =
        lavalier.client().stream(of("steady").toBuilder().codec(Codec.FLAC).build())) {
      for (int i = 0; i < 200; i++) {
        assertThat(frames.read().gap()).isEmpty();
      }
    }
  }

  @Test
  void streamStartsInThePast() throws Exception {
    try (FrameStream live = lavalier.client().stream(of("steady"))) {
      while (live.read().sampleIndex() < 16_000) {
        // until there is a second of history
      }
      StreamOptions past = of("steady").toBuilder().preroll(ms(500)).build();
      try (FrameStream earlier = lavalier.client().stream(past)) {
        assertThat(earlier.start().preroll()).isEqualTo(ms(500));
        assertThat(earlier.read().sampleIndex()).isBetween(8_000L - 320, 16_000L);
      }
    }
  }

  @Test
  void generatedStubsUseTheChannel() {
    Iterator<StreamFramesResponse> messages =
        AudioCaptureGrpc.newBlockingStub(lavalier.channel())
            .streamFrames(StreamFramesRequest.newBuilder().setDeviceId("overrun").build());
    long gap = 0;
    while (gap == 0) {
      gap = messages.next().getFrame().getGap().getSampleCount();
    }
    assertThat(gap).isEqualTo(640);
  }

  @Test
  void firstMicrophoneIsDefault() throws Exception {
    try (FrameStream frames = lavalier.client().stream(StreamOptions.defaults())) {
      assertThat(frames.start().deviceId()).isEqualTo("steady");
    }
  }

  @Test
  void serverHasNoAddress() {
    assertThatIllegalStateException()
        .isThrownBy(lavalier::address)
        .withMessage("address: none (expected: onPort)");
  }
}
