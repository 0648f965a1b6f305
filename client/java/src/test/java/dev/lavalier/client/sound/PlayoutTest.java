package dev.lavalier.client.sound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.PcmFormat;
import dev.lavalier.testing.SlowTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Plays frames of 20 ms on a line whose clock the test controls. */
final class PlayoutTest {

  private static final int RATE = 48_000;
  private static final int FRAME = 960;
  private static final int BUFFER_MS = 60;
  private static final int TARGET = BUFFER_MS * RATE / 1_000;
  private static final double STEP = 2 * Math.PI * 440 / RATE;

  private final PcmFormat format = PcmFormat.parse("48000/1/s16le");
  private final FakeLine line = new FakeLine();
  private final Playout playout = new Playout(line, format, BUFFER_MS);
  private long sent; // samples of the sine

  /** Plays written samples as time passes. */
  private static final class FakeLine implements OutputLine {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private double queued;

    void advance(double samples) {
      queued = Math.max(0, queued - samples);
    }

    @Override
    public void restart(int silentSamples) {
      queued = 0;
      write(new byte[2 * silentSamples], 2 * silentSamples);
    }

    @Override
    public long queuedSamples() {
      return (long) queued;
    }

    @Override
    public void write(byte[] pcm, int length) {
      written.write(pcm, 0, length);
      queued += length / 2.0;
    }

    @Override
    public void close() {}

    short[] samples() {
      short[] samples = new short[written.size() / 2];
      ByteBuffer.wrap(written.toByteArray())
          .order(ByteOrder.LITTLE_ENDIAN)
          .asShortBuffer()
          .get(samples);
      return samples;
    }
  }

  private static short sine(long n) {
    return (short) Math.round(10_000 * Math.cos(STEP * n));
  }

  private void frame() throws IOException {
    ByteBuffer pcm = ByteBuffer.allocate(2 * FRAME).order(ByteOrder.LITTLE_ENDIAN);
    for (int k = 0; k < FRAME; k++) {
      pcm.putShort(sine(sent++));
    }
    playout.play(pcm.flip());
  }

  /** Plays evenly spaced frames for some seconds; the line's clock runs faster by {@code ppm}. */
  private void seconds(int seconds, double ppm) throws IOException {
    for (int k = 0; k < 50 * seconds; k++) {
      frame();
      line.advance(FRAME * (1 + ppm / 1e6));
    }
  }

  @Test
  void queueStartsAtTargetAndSamplesAreUnchanged() throws Exception {
    seconds(9, 0);
    short[] samples = line.samples();
    assertThat(samples).hasSize(TARGET + 9 * RATE);
    short[] expected = new short[samples.length];
    for (int n = TARGET; n < samples.length; n++) {
      expected[n] = sine(n - TARGET);
    }
    assertThat(samples).isEqualTo(expected);
    assertThat(playout.stats()).isEqualTo(new Player.PlaybackStats(0, 0, 0, BUFFER_MS));
  }

  @Test
  void targetGrowsOnUnderrunAndShrinksWhenStable() throws Exception {
    seconds(2, 0);
    line.advance(TARGET + 1); // no frame arrives for 60 ms
    frame();
    assertThat(playout.stats().underruns()).isEqualTo(1);
    assertThat(playout.stats().bufferMs()).isEqualTo(90);
    assertThat(line.queuedSamples()).isEqualTo(90 * RATE / 1_000 + FRAME);
    line.advance(FRAME);

    seconds(9, 0);
    assertThat(playout.stats().bufferMs()).isEqualTo(90);
    seconds(120, 0);
    assertThat(playout.stats().bufferMs()).isEqualTo(BUFFER_MS);
    assertThat(line.queuedSamples()).isBetween(TARGET - 10L, TARGET + 480L);
    assertThat(playout.stats().underruns()).isEqualTo(1);
    assertThat(playout.stats().skippedFrames()).isZero();
  }

  @Test
  void targetDoesNotExceedMaximum() throws Exception {
    for (int k = 0; k < 20; k++) {
      frame();
      line.advance(10 * RATE);
    }
    assertThat(playout.stats().bufferMs()).isEqualTo(Player.MAX_BUFFER_MS);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-150, -50, 50, 150})
  @SlowTest
  void queueFollowsDriftingClock(double ppm) throws Exception {
    for (int k = 0; k < 600; k++) {
      seconds(1, ppm);
      assertThat(line.queuedSamples()).isBetween(TARGET - 1100L, TARGET + 1100L);
    }
    Player.PlaybackStats stats = playout.stats();
    assertThat(stats.underruns()).isZero();
    assertThat(stats.skippedFrames()).isZero();
    double drifted = Math.abs(ppm) / 1e6 * 600 * RATE;
    assertThat((double) stats.correctedSamples()).isBetween(drifted - 1100, drifted + 1100);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-150, 150})
  void sampleIsDroppedOrRepeatedAtSmallestStep(double ppm) throws Exception {
    seconds(300, ppm);
    assertThat(playout.stats().correctedSamples()).isGreaterThan(500);
    short[] samples = line.samples();
    int steepest = (int) Math.ceil(10_000 * STEP) + 1; // of the sine itself
    int worst = TARGET + 1;
    for (int n = TARGET + 1; n < samples.length; n++) {
      if (Math.abs(samples[n] - samples[n - 1]) > Math.abs(samples[worst] - samples[worst - 1])) {
        worst = n;
      }
    }
    assertThat(Math.abs(samples[worst] - samples[worst - 1]))
        .as("at %d", worst)
        .isLessThan(steepest + 1);
  }

  @Test
  void burstOfFramesIsDropped() throws Exception {
    seconds(1, 0);
    for (int k = 0; k < 100; k++) {
      frame();
    }
    assertThat(line.queuedSamples()).isLessThanOrEqualTo(TARGET + RATE / 4 + FRAME);
    assertThat(playout.stats().skippedFrames()).isBetween(80L, 90L);
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 12, 60, 90})
  void wholeFramesAreDroppedOnceIfLineStartsLate(int late) throws Exception {
    for (int k = 0; k < late; k++) {
      frame(); // and nothing is played
    }
    seconds(2, 0);
    assertThat(line.queuedSamples()).isBetween((long) TARGET, TARGET + (long) FRAME);
    Player.PlaybackStats stats = playout.stats();
    assertThat(stats.skippedFrames()).isBetween(late - 2L, (long) late);
    seconds(60, 0);
    assertThat(playout.stats()).isEqualTo(stats);
    assertThat(stats.correctedSamples()).isZero();
    assertThat(stats.underruns()).isZero();
  }

  @Test
  void stalledLineIsFilledAndResumes() throws Exception {
    seconds(1, 0);
    for (int k = 0; line.queuedSamples() < RATE; k++) {
      assertThat(k).isLessThan(120);
      frame(); // and nothing is played until it is full
    }
    assertThat(playout.stats().underruns()).isEqualTo(1);
    seconds(10, 0);
    assertThat(playout.stats().underruns()).isEqualTo(1);
    assertThat(playout.stats().correctedSamples()).isZero();
    long target = (long) playout.stats().bufferMs() * RATE / 1_000;
    assertThat(line.queuedSamples()).isBetween(target - FRAME, target + FRAME);
  }

  @Test
  void gapIsSilenceNoLongerThanQueue() throws Exception {
    seconds(1, 0);
    int before = line.samples().length;
    line.advance(TARGET); // the missing samples did not arrive
    playout.playSilence(10 * RATE);
    frame();
    short[] samples = line.samples();
    assertThat(samples.length - before).isEqualTo(TARGET + FRAME);
    for (int n = before; n < before + TARGET; n++) {
      assertThat(samples[n]).isZero();
    }
    assertThat(playout.stats().underruns()).isZero();
  }
}
