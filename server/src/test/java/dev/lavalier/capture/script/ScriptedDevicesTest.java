package dev.lavalier.capture.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.Period;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.StreamException;
import dev.lavalier.testing.ManualTimeSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that a scripted microphone plays its script exactly, in manual time. */
final class ScriptedDevicesTest {

  private static final PcmFormat FORMAT = PcmFormat.parse("16000/1/s16le");

  @TempDir private Path folder;

  private final ManualTimeSource time = new ManualTimeSource();
  private final AtomicInteger changes = new AtomicInteger();
  private final Recording recording = new Recording();
  private ScriptedDevices devices;
  private @Nullable Capture capture;

  /** What a capture has delivered. */
  private static final class Recording implements CaptureListener {
    final List<Period> periods = new ArrayList<>();
    final List<Boolean> silences = new ArrayList<>();
    final List<String> losses = new ArrayList<>();

    @Override
    public synchronized void onPeriod(Period period) {
      periods.add(period.copy());
    }

    @Override
    public synchronized void onSilence(boolean silent) {
      silences.add(silent);
    }

    @Override
    public synchronized void onLost(String reason) {
      losses.add(reason);
    }

    synchronized List<Long> indexes() {
      return periods.stream().map(Period::sampleIndex).toList();
    }

    synchronized long samples() {
      return periods.stream().mapToLong(Period::samples).sum();
    }

    synchronized Period last() {
      return periods.get(periods.size() - 1);
    }
  }

  private static ScriptedMicrophone mic() {
    return ScriptedMicrophone.named("mic").withFormat("16000/1/s16le");
  }

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  private void plug(ScriptedMicrophone microphone) {
    devices =
        new ScriptedDevices(List.of(microphone), new LineSettings(id -> FORMAT, id -> true, time));
    devices.onChange(changes::incrementAndGet);
  }

  private void open() throws StreamException {
    capture = devices.open("mic");
    capture.start(recording);
  }

  private void play(ScriptedMicrophone microphone, Duration length) throws Exception {
    plug(microphone);
    open();
    time.advance(length, 1);
  }

  @AfterEach
  void close() throws Exception {
    if (capture != null) {
      assertThat(capture.stop(Duration.ofSeconds(10))).isTrue();
      capture.close();
      assertThat(devices.captureThreads()).isZero();
    }
  }

  @Test
  void lossHasExactLengthAndCause() throws Exception {
    play(mic().tone(ms(25)).overrun(ms(10)).tone(ms(5)).overload(ms(3)).tone(), ms(100));
    assertThat(recording.indexes()).startsWith(0L, 160L, 320L, 560L, 688L, 848L);
    List<Period> periods = recording.periods;
    assertThat(periods.get(2).samples()).isEqualTo(80);
    assertThat(periods.get(3).loss()).isEqualTo(new Loss(LossCause.DEVICE_OVERRUN, false));
    assertThat(periods.get(4).loss()).isEqualTo(new Loss(LossCause.SERVER_OVERLOAD, false));
    assertThat(recording.losses).isEmpty();
  }

  @Test
  void periodIsDeliveredWhenItIsCaptured() throws Exception {
    long start = time.nanoTime();
    play(mic().tone(), ms(30));
    assertThat(recording.samples()).isEqualTo(480);
    assertThat(recording.last().captureNanos()).isEqualTo(start + 20_000_000);
    assertThat(recording.last().readNanos()).isEqualTo(start + 30_000_000);
  }

  @Test
  void unpluggedDeviceIsNotListedAndContinuesAfterItsReturn() throws Exception {
    play(mic().tone(ms(20)).unplug(ms(500)).silence(), ms(10));
    time.advance(ms(10));
    assertThat(recording.losses).containsExactly("the script has unplugged it");
    assertThat(devices.list()).isEmpty();
    assertThat(changes).hasValue(1);
    close();
    assertThatExceptionOfType(StreamException.class)
        .isThrownBy(this::open)
        .withMessage("device_id: mic (expected: a device that is available)");

    time.advance(ms(500));
    assertThat(devices.list()).extracting(DeviceDescriptor::id).containsExactly("mic");
    assertThat(changes).hasValue(2);
    open();
    time.advance(ms(10), 1);
    assertThat(recording.last().sampleIndex()).isZero();
    assertThat(recording.last().pcm()).containsOnly(0);
  }

  @Test
  void restartedDeviceStaysListed() throws Exception {
    play(mic().tone(ms(10)).restart().silence(), ms(0));
    time.advance(ms(10));
    assertThat(recording.losses).containsExactly("the script has restarted it");
    assertThat(devices.list()).hasSize(1);
    assertThat(changes).hasValue(0);
    close();
    open();
    time.advance(ms(10), 1);
    assertThat(recording.last().pcm()).containsOnly(0);
  }

  @Test
  void endOfScriptIsLossAndNextOpeningStartsAgain() throws Exception {
    play(mic().silence(ms(10)).tone(ms(10)), ms(10));
    time.advance(ms(10));
    assertThat(recording.losses).containsExactly("the script has ended");
    close();
    open();
    time.advance(ms(10), 1);
    assertThat(recording.last().pcm()).containsOnly(0);
  }

  @Test
  void openingAfterStopStartsAgain() throws Exception {
    play(mic().silence(ms(10)).tone(), ms(50));
    close();
    open();
    time.advance(ms(10), 1);
    assertThat(recording.last().pcm()).containsOnly(0);
    assertThat(recording.losses).isEmpty();
  }

  @Test
  void scriptRepeats() throws Exception {
    play(mic().silence(ms(10)).tone(ms(10)).overrun(ms(5)).repeating(), ms(100));
    assertThat(recording.indexes()).startsWith(0L, 160L, 400L, 560L, 800L);
    assertThat(recording.periods.get(2).pcm()).containsOnly(0);
  }

  @Test
  void slowClockDeliversFewerSamples() throws Exception {
    play(mic().withClockPpm(-10_000).tone(), Duration.ofSeconds(2));
    assertThat(recording.samples()).isBetween(2 * 15_840L - 160, 2 * 15_840L);
    assertThat(capture.clockPpm()).hasValue(-10_000);
  }

  @Test
  void clockStepMovesOnlyWallClock() throws Exception {
    play(mic().tone(ms(10)).clockStep(Duration.ofHours(-1)).tone(), ms(20));
    Period before = recording.periods.get(0);
    Period after = recording.last();
    assertThat(after.captureNanos() - before.captureNanos()).isEqualTo(10_000_000L);
    assertThat(after.captureUnixNanos() - before.captureUnixNanos())
        .isEqualTo(10_000_000L - Duration.ofHours(1).toNanos());
  }

  @Test
  void silenceIsReported() throws Exception {
    play(mic().silence(ms(5_000)).tone(), ms(5_100));
    assertThat(recording.silences).containsExactly(true, false);
  }

  private Path wav(int rate, short... samples) throws Exception {
    ByteBuffer file = ByteBuffer.allocate(44 + 2 * samples.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2 * samples.length);
    file.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII))
        .putInt(16)
        .putShort((short) 1)
        .putShort((short) 1);
    file.putInt(rate).putInt(2 * rate).putShort((short) 2).putShort((short) 16);
    file.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(2 * samples.length);
    for (short sample : samples) {
      file.putShort(sample);
    }
    return Files.write(folder.resolve(rate + ".wav"), file.array());
  }

  @Test
  void fileIsPlayedOnceInItsFormat() throws Exception {
    Path file = wav(16_000, (short) 1, (short) 2, (short) 3);
    play(ScriptedMicrophone.named("mic").wav(file).silence(ms(10)).wav(file).tone(), ms(20));
    assertThat(devices.list().get(0).captureFormat()).hasToString("16000/1/s16le");
    ByteBuffer pcm = ByteBuffer.allocate(640).order(ByteOrder.LITTLE_ENDIAN);
    recording.periods.forEach(period -> pcm.put(period.pcm(), 0, 2 * period.samples()));
    assertThat(new short[] {pcm.getShort(0), pcm.getShort(2), pcm.getShort(4), pcm.getShort(6)})
        .containsExactly(1, 2, 3, 0);
    assertThat(pcm.getShort(2 * 163)).isEqualTo((short) 1);
  }

  @Test
  void removedFileIsLoss() throws Exception {
    Path file = wav(16_000, (short) 1);
    ScriptedMicrophone microphone = ScriptedMicrophone.named("mic").tone(ms(10)).wav(file);
    Files.delete(file);
    play(microphone, ms(0));
    time.advance(ms(10));
    assertThat(recording.losses).containsExactly(file + " does not exist any more");
  }

  @Test
  void firstMicrophoneIsDefault() {
    devices =
        new ScriptedDevices(
            List.of(mic().tone(), ScriptedMicrophone.named("second").tone()),
            new LineSettings(id -> PcmFormat.parse("44100/2/s24le"), id -> true, time));
    assertThat(devices.list()).extracting(DeviceDescriptor::isDefault).containsExactly(true, false);
    assertThat(devices.list())
        .extracting(each -> each.captureFormat().toString())
        .containsExactly("16000/1/s16le", "44100/2/s24le");
  }

  private record Refusal(Runnable change, String message) {}

  static Stream<Refusal> refusals() {
    return Stream.of(
        new Refusal(
            () -> ScriptedMicrophone.named(" "), "device_id:   (expected: 1 to 100 characters)"),
        new Refusal(() -> mic().tone(0, ms(1)), "hz: 0 (expected: 1..20000)"),
        new Refusal(() -> mic().tone(Duration.ZERO), "tone-ms: 0 (expected: 1..3600000)"),
        new Refusal(() -> mic().overrun(ms(2_001)), "overrun-ms: 2001 (expected: 1..2000)"),
        new Refusal(
            () -> mic().unplug(Duration.ofNanos(500_000)), "unplug-ms: 0.5 (expected: 1..3600000)"),
        new Refusal(
            () -> mic().clockStep(Duration.ofDays(2)),
            "clock-step-ms: 172800000 (expected: -86400000..86400000)"),
        new Refusal(
            () -> mic().withClockPpm(Double.NaN), "clock-ppm: NaN (expected: -10000..10000)"),
        new Refusal(
            () -> mic().tone().restart(),
            "steps: a step after an endless one (expected: a sound without an end only at last)"),
        new Refusal(
            () -> mic().restart().checked(),
            "steps: mic has no sound (expected: a tone, silence or wav)"));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void valueOutOfRangeIsRefused(Refusal refusal) {
    assertThatIllegalArgumentException()
        .isThrownBy(refusal.change()::run)
        .withMessage(refusal.message());
  }

  @Test
  void tooManyStepsAreRefused() {
    ScriptedMicrophone microphone = mic().tone(ms(1));
    for (int i = 1; i < ScriptedMicrophone.MAX_STEPS; i++) {
      microphone = microphone.restart();
    }
    assertThatIllegalArgumentException()
        .isThrownBy(microphone::restart)
        .withMessage("steps: 1001 (expected: at most 1000 steps)");
  }

  @Test
  void fileOfAnotherFormatIsRefused() throws Exception {
    Path file = wav(8_000, (short) 1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> mic().wav(file).checked())
        .withMessage(
            "wav: mic=%s is 8000/1/s16le (expected: 16000/1/s16le, the format of the microphone)",
            file);
  }
}
